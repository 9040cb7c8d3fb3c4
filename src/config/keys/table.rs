//! The table itself.

use super::{Key, Kind};

const fn key(path: &'static str, kind: Kind, example: &'static str, purpose: &'static str) -> Key {
    Key { path, kind, default: None, example, purpose, instead: false }
}

impl Key {
    /// The value that holds without a configuration, as TOML.
    const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// It excludes the key above it in its table.
    const fn instead(self) -> Self {
        Self { instead: true, ..self }
    }
}

use Kind::{Choice, Flag, Number, Text, Texts};

/// The keys, in the order in which a person would read them.
pub const KEYS: &[Key] = &[
    key("app", Text, "\"helpdesk\"", "what is deployed; default: the repository's name"),
    key(
        "workload",
        Text,
        "\"team-support\"",
        "who deploys it, as the registry's API v1 means it; default: the app",
    ),
    key("tag.format", Text, "\"v{version}\"", "how a release tag is written").or("\"v{version}\""),
    key("release.initial", Text, "\"0.1.0\"", "the first version of a repository without a release")
        .or("\"0.1.0\""),
    key("release.commit_message", Text, "\"chore(release): {version}\"", "the subject of a release commit")
        .or("\"chore(release): {version}\""),
    key("release.remote", Text, "\"origin\"", "the remote that a release is pushed to").or("\"origin\""),
    key(
        "version_file[].path",
        Text,
        "\"package.json\"",
        "one more file that holds the version, from the repository's root",
    ),
    key(
        "version_file[].key",
        Text,
        "\"version\"",
        "where in it: `package.version`, `plugins[0].version`, `packages.\"\".version`; in XML `project/version`, `widget/@version`",
    ),
    key(
        "version_file[].pattern",
        Text,
        "'^__version__ = \"(?<version>.+)\"$'",
        "in place of `key`: whole lines, of which exactly one matches",
    )
    .instead(),
    key(
        "version_file[].format",
        Choice(&["toml", "json", "yaml", "xml", "cargo-lock"]),
        "\"json\"",
        "default: by the file's ending; `cargo-lock` sets the repository's own packages (`key` names one of several)",
    ),
    key(
        "bump.zero",
        Choice(&["semver", "cargo", "major"]),
        "\"semver\"",
        "what 0.x promises: semver, cargo or major",
    )
    .or("\"semver\""),
    key(
        "bump.types.*",
        Choice(&["major", "minor", "patch", "none"]),
        "\"patch\"",
        "the level of a commit type: major, minor, patch or none; `\"*\"` is any other type",
    ),
    key(
        "bump.rules[].level",
        Choice(&["major", "minor", "patch", "none"]),
        "\"patch\"",
        "a level that comes before those of the types; the first rule that fits decides",
    ),
    key(
        "bump.rules[].type",
        Text,
        "\"docs\"",
        "the types that the rule is for, as a glob; default: every type",
    ),
    key(
        "bump.rules[].scope",
        Text,
        "\"api-*\"",
        "the scopes that it is for, as a glob; default: every scope, and none",
    ),
    key("bump.rules[].breaking", Flag, "false", "whether it is for breaking changes, or for the others")
        .or("false"),
    key(
        "commits.squash_bodies",
        Flag,
        "true",
        "whether the bullets of a body, such as `* fix: a door`, count as commits",
    )
    .or("false"),
    key("commits.first_parent", Flag, "true", "whether a merge counts by its title, and its branch does not")
        .or("false"),
    key(
        "commits.exclude[].field",
        Choice(&["author.name", "author.email", "header"]),
        "\"author.email\"",
        "commits that ask for nothing: what is looked at",
    ),
    key("commits.exclude[].pattern", Text, "\"^renovate@\"", "the regular expression that matches in it"),
    key(
        "changelog.group[].title",
        Text,
        "\"Documentation\"",
        "one more heading of the changelog, or another rule for one of ours",
    ),
    key("changelog.group[].types", Texts, "[\"docs\"]", "the commit types below it; default: every type"),
    key(
        "changelog.group[].scopes",
        Texts,
        "[\"api\"]",
        "the scopes below it; default: every scope, and none",
    ),
    key(
        "changelog.group[].order",
        Number,
        "100",
        "smaller stands further up; ours have 10 (Added) to 60 (Security)",
    )
    .or("100"),
    key(
        "changelog.contributors",
        Choice(&["notes", "all", "none"]),
        "\"notes\"",
        "who made it: in the tag's message, in the changelog too, or nowhere",
    )
    .or("\"notes\""),
    key(
        "templates.dir",
        Text,
        "\"templates\"",
        "a folder with templates in place of ours: `changelog.hbs`, `release-notes.hbs`, `entry.hbs`, `contributors.hbs`",
    ),
    key(
        "links.host",
        Choice(&["github", "gitlab", "gitea", "forgejo", "bitbucket"]),
        "\"gitlab\"",
        "the kind of forge, where the remote's address does not tell",
    ),
    key(
        "links.base",
        Text,
        "\"https://git.example/acme/helpdesk\"",
        "the repository's page; default: by the remote",
    ),
    key("links.issues[].pattern", Text, "\"HD-[0-9]+\"", "issues of another tracker, as commits write them"),
    key("links.issues[].url", Text, "\"https://tracker.example/{issue}\"", "their pages"),
    key("hooks.prepare", Flag, "true", "whether an empty commit message gets the known types as comments")
        .or("false"),
    key("preflight.check[].name", Text, "\"tests\"", "a check of your own before a deployment: its name"),
    key(
        "preflight.check[].command",
        Texts,
        "[\"cargo\", \"test\"]",
        "the command that must succeed; needs `shipmark config trust`",
    ),
    key("preflight.allow", Texts, "[\"examples/**\"]", "the files in which debug prints are meant to be"),
    key("registry.url", Text, "\"https://registry.example\"", "where deployments are reported"),
    key(
        "environments.*.platform",
        Text,
        "\"production\"",
        "the registry's platform; default: the environment's name",
    ),
    key(
        "environments.*.tier",
        Choice(&["development", "testing", "staging", "production"]),
        "\"production\"",
        "which stage it is; default: guessed by its name, or its platform's",
    ),
    key("environments.*.order", Number, "30", "the column of `status`; smaller stands further left"),
    key("environments.*.zone", Text, "\"Europe/Paris\"", "by whose clocks freezes begin and end"),
    key("environments.*.url", Text, "\"https://helpdesk.example\"", "where people find the program"),
    key(
        "environments.*.branches",
        Texts,
        "[\"main\", \"hotfix/*\"]",
        "the branches that may go there; default: any",
    ),
    key(
        "environments.*.require",
        Text,
        "\"staging\"",
        "the environment on which a version must have succeeded before it may go here",
    ),
    key(
        "environments.*.plain_variables",
        Flag,
        "false",
        "whether commands get `VERSION`, `COMMIT` and the like, beside those that begin with `SHIPMARK_`",
    )
    .or("true"),
    key(
        "environments.*.deploy",
        Texts,
        "[\"./scripts/deploy\", \"production\"]",
        "what `deploy` runs without a command of its own; needs `shipmark config trust`",
    ),
    key(
        "environments.*.rollback",
        Texts,
        "[\"./scripts/deploy\", \"production\"]",
        "what `rollback` runs; default: `deploy`",
    ),
    key(
        "environments.*.backup",
        Texts,
        "[\"./scripts/backup\"]",
        "what `preflight` runs to save the data first; needs `shipmark config trust`",
    ),
    key(
        "environments.*.artifact",
        Texts,
        "[\"./scripts/has-image\"]",
        "what `preflight` runs to know whether the running `VERSION` and `COMMIT` can still be had; needs `shipmark config trust`",
    ),
    key(
        "environments.*.env_file",
        Text,
        "\".env.production\"",
        "the file whose names `preflight` holds against those of `.env.example`",
    ),
    key("environments.*.migrations", Texts, "[\"migrations/**\"]", "files that a rollback does not undo"),
    key(
        "environments.*.health.url",
        Text,
        "\"/health\"",
        "where the running program says what it is: an address, or a path below `url`",
    ),
    key("environments.*.health.version", Text, "\"/version\"", "the JSON pointer to its version"),
    key(
        "environments.*.health.commit",
        Text,
        "\"/commit\"",
        "the JSON pointer to its commit, which proves most",
    ),
    key(
        "environments.*.health.environment",
        Text,
        "\"/environment\"",
        "the JSON pointer to the environment's name, which must be this one",
    ),
    key("environments.*.health.within", Text, "\"60s\"", "how long a deployed program may take to come up")
        .or("\"60s\""),
    key("environments.*.health.stable", Number, "3", "how many good answers in a row count").or("3"),
    key(
        "environments.*.verify[].url",
        Text,
        "\"/login\"",
        "what is tried after a deployment: an address, or a path below `url`",
    ),
    key("environments.*.verify[].status", Number, "200", "the status that it must answer with").or("200"),
    key("environments.*.verify[].contains", Text, "\"Sign in\"", "a text that must be in the answer"),
    key("environments.*.verify[].max_ms", Number, "500", "the milliseconds that it may take"),
    key(
        "environments.*.verify[].command",
        Texts,
        "[\"docker\", \"logs\", \"--tail\", \"20\", \"helpdesk\"]",
        "in place of `url`, a command that must succeed; needs `shipmark config trust`",
    )
    .instead(),
    key(
        "environments.*.verify[].absent",
        Texts,
        "[\"ERROR\", \"panicked\"]",
        "texts that must not be in what it says",
    )
    .instead(),
    key(
        "environments.*.readout.ssh",
        Text,
        "\"helpdesk-prod\"",
        "in place of `health`, what its machine says: the host, as ssh knows it; default: this machine",
    )
    .instead(),
    key(
        "environments.*.readout.container",
        Text,
        "\"helpdesk\"",
        "its container, for image, start and the labels of the image; needs `shipmark config trust`, as the rest",
    )
    .instead(),
    key(
        "environments.*.readout.file",
        Text,
        "\"/app/VERSION.txt\"",
        "the file that holds its version, in the container if there is one",
    )
    .instead(),
    key("environments.*.readout.repo", Text, "\"/opt/helpdesk\"", "the checkout that it runs from").instead(),
];
