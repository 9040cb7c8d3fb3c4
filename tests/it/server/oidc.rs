//! A job of GitHub shows an id token and gets a token of ours: whom the registry believes, and above all whom not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{Answer, NOW, Service};

const AUDIENCE: &str = "https://registry.example";
const PATH: &str = "/api/v2/oidc/github";

/// A key of 2,048 bits, made by the program that every system has for it.
#[expect(clippy::disallowed_methods, reason = "the test starts a program itself")]
fn key() -> KeyPair {
    let arguments = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER"];
    let output = std::process::Command::new("openssl").args(arguments).output().unwrap();
    // Some versions of the program wrap it, and some do not.
    KeyPair::from_der(&output.stdout).or_else(|_| KeyPair::from_pkcs8(&output.stdout)).unwrap()
}

fn parts(key: &KeyPair) -> PublicKeyComponents<Vec<u8>> {
    key.public().into()
}

fn public(key: &KeyPair, kid: &str) -> Value {
    let PublicKeyComponents { n, e } = parts(key);
    json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": BASE64.encode(n), "e": BASE64.encode(e) })
}

/// An issuer on this machine, and a key that it does not have.
struct Issuer {
    address: String,
    asked: Arc<AtomicUsize>,
    key: KeyPair,
    other: KeyPair,
}

impl Issuer {
    fn start() -> Self {
        let (key, other) = (key(), key());
        let set = json!({ "keys": [public(&key, "k1"), { "kty": "EC", "kid": "ec" }] }).to_string();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = [0; 4_096];
                let read = stream.read(&mut head).unwrap();
                assert!(head[..read].starts_with(b"GET /.well-known/jwks HTTP"));
                counted.fetch_add(1, Ordering::SeqCst);
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", set.len());
                stream.write_all(format!("{head}{set}").as_bytes()).unwrap();
            }
        });
        Self { address, asked, key, other }
    }

    fn header() -> Value {
        json!({ "typ": "JWT", "alg": "RS256", "kid": "k1" })
    }

    fn claims(&self, jti: &str) -> Value {
        json!({
            "iss": self.address, "aud": AUDIENCE, "iat": now(), "nbf": now() - 5, "exp": now() + 300, "jti": jti,
            "sub": "repo:octo/shop:environment:production", "repository": "octo/shop", "repository_id": "11",
            "repository_owner_id": "22", "event_name": "push", "ref": "refs/heads/main",
            "environment": "production",
            "job_workflow_ref": "octo/shop/.github/workflows/deploy.yml@refs/heads/main",
        })
    }

    fn good(&self, jti: &str) -> String {
        token(&self.key, &Self::header(), &self.claims(jti))
    }
}

fn now() -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_second()
}

/// Signs what may be anything.
fn signed(key: &KeyPair, message: &str) -> String {
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &ring::rand::SystemRandom::new(), message.as_bytes(), &mut signature)
        .unwrap();
    format!("{message}.{}", BASE64.encode(signature))
}

fn token(key: &KeyPair, header: &Value, claims: &Value) -> String {
    signed(key, &format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string())))
}

async fn show(service: &Service, token: &str) -> Answer {
    service.json(PATH, &json!({ "token": token }).to_string()).await
}

/// A rule for the deploy workflow of one repository.
fn rule() -> Value {
    json!({
        "name": "shop", "repository_id": "11", "repository_owner_id": "22", "environment": "production",
        "ref": "refs/heads/main", "job_workflow_ref": "octo/shop/.github/workflows/*@refs/heads/main",
        "scope": "write", "limits": { "app": ["shop*"] },
    })
}

async fn trust(service: &Service, rule: &Value) -> (String, Answer) {
    let admin = format!("Authorization: Bearer {}", service.token("root", "admin"));
    let headers = ["Content-Type: application/json", admin.as_str()];
    let made = service.send("POST", "/api/v2/trusts", &headers, rule.to_string()).await;
    (admin, made)
}

each_engine!(a_job_gets_a_token_once);
async fn a_job_gets_a_token_once(mut service: Service) {
    let issuer = Issuer::start();
    service.believing(&issuer.address, AUDIENCE);
    assert_eq!(show(&service, &issuer.good("0")).await.status, 401, "before there is a rule");
    let (admin, made) = trust(&service, &rule()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let answer = show(&service, &issuer.good("0")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("cache-control")),
        (201, "no-store"),
        "{}",
        answer.text
    );
    let got = answer.json();
    let expected = json!({ "app": ["shop*"], "platform": [], "environment": [], "raw": false });
    assert_eq!(
        (&got["name"], &got["scope"], &got["limits"]),
        (&json!("github octo/shop"), &json!("write"), &expected)
    );
    let life = got["expires_at"].as_i64().unwrap() - got["created_at"].as_i64().unwrap();
    assert_eq!(life, 15 * 60 * 1_000);
    let bearer = format!("Authorization: Bearer {}", got["token"].as_str().unwrap());
    let row = |app: &str| json!({ "workload": app, "platform": "p", "environment": "e", "version": "1", "status": "deployed" });
    let headers = ["Content-Type: application/json", bearer.as_str()];
    for (app, status) in [("shop-eu", 201), ("bank", 404)] {
        let answer = service.send("POST", "/api/v1/create", &headers, row(app).to_string()).await;
        assert_eq!(answer.status, status, "{app}");
    }
    assert_eq!(show(&service, &issuer.good("0")).await.status, 401, "it was used");
    service.believing(&issuer.address, AUDIENCE);
    assert_eq!(show(&service, &issuer.good("0")).await.status, 401, "it was used on another replica");
    let proposal = |claims: &mut Value| claims["event_name"] = json!("pull_request");
    let mut claims = issuer.claims("1");
    proposal(&mut claims);
    let reader = show(&service, &token(&issuer.key, &Issuer::header(), &claims)).await;
    assert_eq!((reader.status.as_u16(), &reader.json()["scope"]), (201, &json!("read")));
    let log = service.send("GET", "/api/v2/audit?action=token.made", &[&admin], "").await;
    assert_eq!(log.json()["items"][0]["name"], "github");
    assert!(!log.text.contains(got["token"].as_str().unwrap()));
    let given = &log.json()["items"][0]["after"];
    assert_eq!(
        (&given["trust"], &given["repository"], &given["repository_id"], &given["ref"]),
        (&made.json()["id"], &claims["repository"], &claims["repository_id"], &claims["ref"])
    );
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v2/trusts/{id}");
    let list = service.send("GET", "/api/v2/trusts", &[&admin], "").await.json();
    assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["id"]), (1, &json!(id)));
    assert_eq!(service.send("DELETE", &path, &[&admin], "").await.status, 204);
    assert_eq!(service.send("DELETE", &path, &[&admin], "").await.status, 404);
    assert_eq!(show(&service, &issuer.good("2")).await.status, 401, "no rule is left");
}

/// Changes of the claims of a good token that each make it a bad one.
fn bad_claims() -> Vec<(&'static str, &'static str, Value)> {
    let far = now() + 3_601;
    vec![
        ("another issuer", "iss", json!("https://token.actions.githubusercontent.com")),
        ("an issuer as list", "iss", json!(["x"])),
        ("no issuer", "iss", Value::Null),
        ("another audience", "aud", json!("https://other.example")),
        ("an audience that begins alike", "aud", json!("https://registry.example.evil")),
        ("an audience in capitals", "aud", json!("https://REGISTRY.example")),
        ("an audience with a slash", "aud", json!("https://registry.example/")),
        ("audiences of others", "aud", json!(["a", "b"])),
        ("no audiences", "aud", json!([])),
        ("an audience as number", "aud", json!(1)),
        ("no audience", "aud", Value::Null),
        ("expired", "exp", json!(now() - 60)),
        ("expired long ago", "exp", json!(0)),
        ("expired before time began", "exp", json!(i64::MIN)),
        ("an end as text", "exp", json!(format!("{}", now() + 300))),
        ("an end with a fraction", "exp", json!(1e300)),
        ("no end", "exp", Value::Null),
        ("an end too far", "exp", json!(far)),
        ("an end beyond numbers", "exp", json!(u64::MAX)),
        ("not valid yet", "nbf", json!(now() + 61)),
        ("a beginning as text", "nbf", json!("0")),
        ("no beginning", "nbf", Value::Null),
        ("made in the future", "iat", json!(now() + 61)),
        ("no time of making", "iat", Value::Null),
        ("no id", "jti", Value::Null),
        ("an empty id", "jti", json!("")),
        ("a blank id", "jti", json!("  ")),
        ("an id as number", "jti", json!(7)),
        ("another repository", "repository_id", json!("12")),
        ("a repository as number", "repository_id", json!(11)),
        ("a repository with a sign", "repository_id", json!("+11")),
        ("a repository with a blank", "repository_id", json!("11 ")),
        ("an empty repository", "repository_id", json!("")),
        ("no repository", "repository_id", Value::Null),
        ("another owner", "repository_owner_id", json!("23")),
        ("no owner", "repository_owner_id", Value::Null),
        ("another branch", "ref", json!("refs/heads/dev")),
        ("a branch that begins alike", "ref", json!("refs/heads/main2")),
        ("no branch", "ref", Value::Null),
        ("another environment", "environment", json!("staging")),
        ("an environment in capitals", "environment", json!("Production")),
        ("no environment", "environment", Value::Null),
        (
            "another workflow",
            "job_workflow_ref",
            json!("evil/shop/.github/workflows/deploy.yml@refs/heads/main"),
        ),
        ("no workflow", "job_workflow_ref", Value::Null),
        ("no event", "event_name", Value::Null),
    ]
}

/// Tokens that are wrong in their header, their signature or their form.
fn bad_forms(issuer: &Issuer) -> Vec<(&'static str, String)> {
    let (key, other, claims) = (&issuer.key, &issuer.other, issuer.claims("form"));
    let with = |name: &str, value: Value| {
        let mut header = Issuer::header();
        header[name] = value;
        header
    };
    let good = token(key, &Issuer::header(), &claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (head, body) = message.split_once('.').unwrap();
    let mut richer = claims.clone();
    richer["repository_owner_id"] = json!("22");
    richer["extra"] = json!(1);
    let richer = BASE64.encode(richer.to_string());
    let twice = claims.to_string().replacen('{', "{\"exp\":9999999999,", 1);
    let mut flipped = BASE64.decode(signature).unwrap();
    flipped[17] ^= 1;
    let hmac = {
        let modulus = parts(key).n;
        let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &modulus);
        let message = format!("{}.{body}", BASE64.encode(with("alg", json!("HS256")).to_string()));
        format!("{message}.{}", BASE64.encode(ring::hmac::sign(&secret, message.as_bytes())))
    };
    let unsigned = format!("{}.{body}.", BASE64.encode(with("alg", json!("none")).to_string()));
    let mut own = with("jwk", public(other, "k1"));
    own["kid"] = json!("evil");
    vec![
        ("no algorithm", unsigned),
        ("a secret that is public", hmac),
        ("RS384", token(key, &with("alg", json!("RS384")), &claims)),
        ("PS256", token(key, &with("alg", json!("PS256")), &claims)),
        ("an unknown algorithm", token(key, &with("alg", json!("RS257")), &claims)),
        ("an algorithm in small letters", token(key, &with("alg", json!("rs256")), &claims)),
        ("an absent algorithm", token(key, &with("alg", Value::Null), &claims)),
        ("no key id", token(key, &with("kid", Value::Null), &claims)),
        ("an empty key id", token(key, &with("kid", json!("")), &claims)),
        ("an unknown key", token(key, &with("kid", json!("k2")), &claims)),
        ("a key of another kind", token(key, &with("kid", json!("ec")), &claims)),
        ("what must be understood", token(key, &with("crit", json!(["exp"])), &claims)),
        ("a key that it brings", token(other, &own, &claims)),
        ("a key that it brings under a known id", token(other, &with("jwk", public(other, "k1")), &claims)),
        ("keys elsewhere", token(other, &with("jku", json!("https://evil.example/jwks")), &claims)),
        ("the signature of another", token(other, &Issuer::header(), &claims)),
        ("a bit of the signature", format!("{message}.{}", BASE64.encode(&flipped))),
        ("an empty signature", format!("{message}.")),
        ("no signature", message.to_owned()),
        ("half a signature", format!("{message}.{}", &signature[..100])),
        ("a signature that is filled up", format!("{good}==")),
        ("another body", format!("{head}.{richer}.{signature}")),
        ("four parts", format!("{good}.x")),
        ("a body that is no JSON", signed(key, &format!("{head}.{}", BASE64.encode("exp")))),
        ("a body that is a list", signed(key, &format!("{head}.{}", BASE64.encode("[]")))),
        ("a claim that is there twice", signed(key, &format!("{head}.{}", BASE64.encode(twice)))),
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        ("another token of ours", format!("smk_{}", "0".repeat(16))),
        ("too much", format!("{good}{}", "A".repeat(16 * 1024))),
        ("a blank in front", format!(" {good}")),
    ]
}

#[tokio::test]
async fn whoever_is_not_the_job_of_a_rule_gets_nothing() {
    let mut service = Service::start().await;
    let issuer = Issuer::start();
    service.believing(&issuer.address, AUDIENCE);
    let (_, made) = trust(&service, &rule()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(show(&service, &issuer.good("first")).await.status, 201);
    let mut all = bad_forms(&issuer);
    for (name, claim, value) in bad_claims() {
        let mut claims = issuer.claims(name);
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(claim);
        } else {
            claims[claim] = value;
        }
        all.push((name, token(&issuer.key, &Issuer::header(), &claims)));
    }
    let mut wrong = Vec::new();
    for (name, token) in &all {
        let answer = show(&service, token).await;
        if answer.status != 401 || answer.text.contains("smk_") {
            wrong.push(format!("{name}: {} {}", answer.status, answer.text));
        }
    }
    assert_eq!(wrong, [] as [String; 0]);
    assert!(all.len() >= 40, "{}", all.len());
    assert_eq!(show(&service, &issuer.good("last")).await.status, 201, "and a good one still does");
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1, "tokens with unknown keys make nobody ask again");
    let several = json!([AUDIENCE, "another"]);
    let mut claims = issuer.claims("several");
    claims["aud"] = several;
    claims["exp"] = json!(now() - 59);
    assert_eq!(
        show(&service, &token(&issuer.key, &Issuer::header(), &claims)).await.status,
        201,
        "within a minute"
    );
}

#[tokio::test]
async fn a_proxy_on_this_machine_brings_the_id_token_of_a_job() {
    let mut service = Service::start().await;
    let issuer = Issuer::start();
    service.believing(&issuer.address, AUDIENCE);
    trust(&service, &rule()).await;
    let send = async |path: &str, more: &str, body: String| {
        let headers = ["Content-Type: application/json", "X-Forwarded-For: 192.0.2.7", more];
        service.send("POST", path, &headers, body).await.status.as_u16()
    };
    let shown = |jti: &str| json!({ "token": issuer.good(jti) }).to_string();
    assert_eq!(send(PATH, "X-Forwarded-Proto: https", shown("1")).await, 201);
    assert_eq!(send(PATH, "Sec-Fetch-Site: cross-site", shown("2")).await, 403);
    assert_eq!(send("/api/v2/holds", "X-Forwarded-Proto: https", "{}".to_owned()).await, 403);
}

each_engine!(jobs_that_come_together_all_get_their_tokens);
async fn jobs_that_come_together_all_get_their_tokens(mut service: Service) {
    let issuer = Issuer::start();
    service.believing(&issuer.address, AUDIENCE);
    trust(&service, &rule()).await;
    let tokens: Vec<String> = (0..24).map(|number| issuer.good(&number.to_string())).collect();
    // Each comes twice at once, and one of the two gets in.
    let twice = tokens.iter().chain(&tokens).map(|token| show(&service, token));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(twice).await.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 24], [401; 24]].concat());
}

#[tokio::test]
async fn who_sends_wrong_ones_waits_and_an_issuer_that_is_away_is_no_yes() {
    let mut service = Service::start().await;
    let shown = json!({ "token": "x" }).to_string();
    let send = async |service: &Service| {
        let headers = ["Content-Type: application/json", "Peer: 10.9.9.9"];
        service.send("POST", PATH, &headers, shown.clone()).await.status.as_u16()
    };
    assert_eq!(send(&service).await, 404, "without a public address no token can be meant for us");
    let issuer = Issuer::start();
    service.believing("http://127.0.0.1:1", AUDIENCE);
    let away = show(&service, &issuer.good("0")).await;
    assert_eq!((away.status.as_u16(), away.header("retry-after")), (503, "10"));
    assert_eq!(show(&service, &issuer.good("0")).await.status, 503, "and it is not asked at once again");
    service.believing(&issuer.address, AUDIENCE);
    for expected in [401, 401, 401, 401, 401, 429] {
        assert_eq!(send(&service).await, expected);
    }
    for (field, value) in [
        ("scope", json!("admin")),
        ("repository_id", json!("octo/shop")),
        ("repository_owner_id", json!("")),
        ("name", json!("")),
        ("limits", json!({ "app": ["a?"] })),
        ("environment", json!("")),
        ("event", json!("push")),
    ] {
        let mut bad = rule();
        bad[field] = value;
        let answer = trust(&service, &bad).await.1;
        let pointer = answer.json()["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
        assert!(answer.status == 422 && pointer.starts_with(&format!("/{field}")), "{field} {}", answer.text);
    }
}
