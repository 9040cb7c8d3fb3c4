use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::domain::deployment::{State, Why};
use crate::store::change::{Moment, Step};
use crate::store::settle::{hold as hold_one, settle};
use crate::store::{Store, db::Db};

/// What one client does: to which place, with which beginning and end, and whether it waits for its end.
#[derive(Debug, Clone, Copy)]
struct Act {
    place: u8,
    started_at: i64,
    ran: i64,
    to: State,
    ends_later: bool,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let state = prop_oneof![Just(State::Succeeded), Just(State::Failed), Just(State::Unknown)];
    let act = (0..3_u8, 0..20_i64, 0..20_i64, state, any::<bool>());
    let act = act.prop_map(|(place, started_at, ran, to, ends_later)| Act {
        place,
        started_at,
        ran,
        to,
        ends_later,
    });
    proptest::collection::vec(act, 1..40)
}

fn moment(key: String) -> Moment {
    Moment::plain("v2", key, String::new(), 1)
}

fn enter(number: usize, act: &Act) -> Change {
    let end = act.started_at + act.ran;
    let (state, finished_at) = if act.ends_later { (State::Running, None) } else { (act.to, Some(end)) };
    Change::Enter(Box::new(Entry {
        app: format!("app-{}", act.place),
        workload: "team".to_owned(),
        platform: "p".to_owned(),
        environment: "e".to_owned(),
        version: number.to_string(),
        changelog_url: "N/A".to_owned(),
        raw: "N/A".to_owned(),
        status: "ongoing".to_owned(),
        date: Timestamp::UNIX_EPOCH,
        run_key: Some(format!("run-{number}")),
        idempotency_key: None,
        state,
        seq: 0,
        sha: None,
        r#ref: None,
        dirty: None,
        run_url: None,
        duration: None,
        started_at: act.started_at,
        finished_at,
        why: Why::default(),
        told: None,
        moment: moment(format!("enter-{number}")),
    }))
}

/// The end of an attempt that waited for it; its id is its number, counted from one.
fn end(number: usize, act: &Act) -> Option<Change> {
    act.ends_later.then(|| {
        Change::Advance(Box::new(Step {
            id: i64::try_from(number).unwrap() + 1,
            app: format!("app-{}", act.place),
            platform: "p".to_owned(),
            environment: "e".to_owned(),
            from: State::Running,
            from_seq: 0,
            from_started_at: act.started_at,
            to: act.to,
            seq: Some(1),
            status: Some("deployed".to_owned()),
            started_at: act.started_at,
            finished_at: Some(act.started_at + act.ran),
            duration: None,
            sha: None,
            run_url: None,
            moment: moment(format!("end-{number}")),
        }))
    })
}

async fn store(folder: &tempfile::TempDir) -> (Store, Db) {
    let store = Store::open(folder.path(), Timestamp::UNIX_EPOCH).await.unwrap();
    let path = folder.path().join("registry.db");
    let db = Db::Sqlite(sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display())).await.unwrap());
    (store, db)
}

/// Every row of the tables that a change writes.
async fn dump(db: &Db) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["versions", "sm_deployment", "sm_event", "sm_current"] {
        let rows = db.query(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3"), values![]).await.unwrap();
        all.extend(rows.iter().map(|row| format!("{table} {row:?}")));
    }
    all
}

async fn write(db: &Db, changes: &[Change], sizes: &[usize]) {
    let (mut rest, mut sizes) = (changes, sizes.iter().cycle());
    while !rest.is_empty() {
        let (set, later) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
        let mut transaction = db.begin().await.unwrap();
        let done =
            run(&mut transaction, &set.iter().collect::<Vec<_>>(), &vec![true; set.len()]).await.unwrap();
        assert!(done.iter().all(Option::is_some), "{done:?}");
        transaction.commit().await.unwrap();
        rest = later;
    }
}

#[tokio::test]
async fn webhooks_are_told_of_what_is_news_and_not_of_what_is_written_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, db) = store(&folder).await;
    let hook = "INSERT INTO sm_webhook (id, url, secret, format, states, active, created_at, failures, retry_at) \
        VALUES ('w', 'u', 's', 'json', '', 1, 0, 0, 0)";
    db.apply(hook, values![]).await.unwrap();
    let act = Act { place: 0, started_at: 1, ran: 1, to: State::Succeeded, ends_later: false };
    let changes = [0, 1].map(|number| enter(number, &act));
    let mut transaction = db.begin().await.unwrap();
    run(&mut transaction, &changes.iter().collect::<Vec<_>>(), &[false, true]).await.unwrap();
    transaction.commit().await.unwrap();
    let rows = db.query("SELECT event_key FROM sm_delivery ORDER BY 1", values![]).await.unwrap();
    let keys: Vec<String> = rows.iter().map(|row| row.text("event_key").unwrap()).collect();
    // The second success replaces the first, which follows from it and is news too.
    assert_eq!(keys, ["enter-1", "enter-1:1"]);
}

/// Brings every place in order by looking at all of its attempts.
async fn settle_all(db: &Db) {
    let mut transaction = db.begin().await.unwrap();
    for row in transaction.query("SELECT app, versions_id FROM sm_current", values![]).await.unwrap() {
        let app = row.text("app").unwrap();
        let cell = (app.as_str(), "p", "e");
        let head = hold_one(&mut transaction, cell, row.int("versions_id").unwrap(), 1).await.unwrap();
        settle(&mut transaction, cell, head, &moment("settled".to_owned())).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_set_leaves_what_the_same_changes_leave_one_by_one(
        acts in acts(),
        sizes in proptest::collection::vec(1..20_usize, 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let numbered = || acts.iter().enumerate();
            let mut changes: Vec<Change> = numbered().map(|(number, act)| enter(number, act)).collect();
            changes.extend(numbered().filter_map(|(number, act)| end(number, act)));
            let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
            let (_one, alone) = store(&folders[0]).await;
            let (_all, together) = store(&folders[1]).await;
            write(&alone, &changes, &[1]).await;
            write(&together, &changes, &sizes).await;
            let left = dump(&together).await;
            assert_eq!(left, dump(&alone).await);
            settle_all(&together).await;
            assert_eq!(left, dump(&together).await, "a look at all attempts finds nothing to do");
        });
    }
}
