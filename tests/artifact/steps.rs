//! The steps `release` and `switch`, their undos and `tidy`, under every shell, with the environment of the executor.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use crate::place::{Place, listing, open, run};
use backstay::artifact::Compression;

const SHELLS: [&str; 3] = ["dash", "bash", "busybox"];
const PARTS: [(&str, &str); 11] = [
    ("lib/env.sh", include_str!("../../src/scripts/lib/env.sh")),
    ("lib/step.sh", include_str!("../../src/scripts/lib/step.sh")),
    ("lib/release.sh", include_str!("../../src/scripts/lib/release.sh")),
    ("lib/upload.sh", include_str!("../../src/scripts/lib/upload.sh")),
    ("lib/databases.sh", include_str!("../../src/scripts/lib/databases.sh")),
    ("lib/run-states.sh", include_str!("../../src/scripts/lib/run-states.sh")),
    ("release", include_str!("../../src/scripts/steps/release.sh")),
    ("release-undo", include_str!("../../src/scripts/steps/release-undo.sh")),
    ("switch", include_str!("../../src/scripts/steps/switch.sh")),
    ("switch-undo", include_str!("../../src/scripts/steps/switch-undo.sh")),
    ("tidy", include_str!("../../src/scripts/steps/tidy.sh")),
];

/// How an upload is harmed, and what is said of it.
type Damage = (fn(&Path), &'static str);

/// A deploy path with one run at a time in it.
struct Site {
    place: Place,
    shell: &'static str,
}

struct Run<'a> {
    site: &'a Site,
    id: &'static str,
    dir: PathBuf,
}

impl Site {
    fn new(shell: &'static str) -> Self {
        let place = Place::new();
        fs::create_dir(place.path("site")).expect("ours");
        Self { place, shell }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path("site").join(name)
    }

    fn each(claim: impl Fn(&Self)) {
        for shell in SHELLS {
            claim(&Self::new(shell));
        }
    }

    /// What is there, without what belongs to Backstay.
    fn seen(&self) -> Vec<String> {
        let all = listing(&self.place.path("site"));
        all.into_iter().filter(|line| !line.contains("./.backstay")).collect()
    }

    fn run(&self, id: &'static str, shared: &str) -> Run<'_> {
        let dir = self.path(&format!(".backstay/runs/{id}"));
        for folder in ["lib", "state", "upload"] {
            fs::create_dir_all(dir.join(folder)).expect("ours");
        }
        for (name, text) in PARTS {
            fs::write(dir.join(name), text).expect("ours");
        }
        fs::write(dir.join("params"), "PRESET='laravel'\nKEEP_RELEASES=2\nDATABASES=''\n").expect("ours");
        fs::write(dir.join("shared"), shared).expect("ours");
        fs::write(dir.join("command-001"), "printf 'reloaded in %s\\n' \"$PWD\"\n").expect("ours");
        Run { site: self, id, dir }
    }
}

impl Run<'_> {
    fn with_artifact(self, compression: Compression) -> Self {
        let artifact = open(&self.site.place.path("app")).expect("it is fine");
        let mut bytes = Vec::new();
        let packed = artifact.pack(0o755, compression, |piece| {
            bytes.extend(piece);
            true
        });
        let packed = packed.expect("it is as it was");
        fs::write(self.dir.join("upload/artifact"), bytes).expect("ours");
        fs::write(self.dir.join("upload/done"), format!("{} {} {compression}\n", packed.sha256, packed.bytes))
            .expect("ours");
        self
    }

    fn step(&self, name: &str) -> Result<String, String> {
        self.step_towards(name, "rolled-back")
    }

    fn step_towards(&self, name: &str, direction: &str) -> Result<String, String> {
        let mut command = Command::new(self.site.shell);
        if self.site.shell == "busybox" {
            command.arg("sh");
        }
        let path = self.site.place.path("site");
        let release = path.join("releases").join(self.id);
        let old = fs::canonicalize(path.join("current")).unwrap_or_default();
        let set: [(&str, &Path); 9] = [
            ("BACKSTAY_DIR", &self.dir),
            ("BACKSTAY_PATH", &path),
            ("BACKSTAY_STEP_DIR", &self.dir),
            ("BACKSTAY_STATE", &self.dir.join("state")),
            ("BACKSTAY_SECRETS", &self.dir.join("secrets")),
            ("BACKSTAY_NOTE", &self.dir.join("note")),
            ("BACKSTAY_FACTS", &self.dir.join("facts")),
            ("BACKSTAY_RELEASE", &release),
            ("BACKSTAY_OLD", &old),
        ];
        let output = command
            .arg(self.dir.join(name))
            .envs(set)
            .env("BACKSTAY_RUN", self.id)
            .env("BACKSTAY_DIRECTION", direction)
            .current_dir(&path)
            .output()
            .expect("the shell is installed");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &stderr)
        } else {
            Err(stderr)
        }
    }

    fn all(&self, steps: &[&str]) {
        for step in steps {
            self.step(step).unwrap_or_else(|said| panic!("{step} under {}: {said}", self.site.shell));
        }
    }

    fn end(&self, outcome: &str) {
        self.step_towards("tidy", outcome).expect("it tidies");
        fs::write(self.dir.join("journal"), format!("1 1 1 start x #1\n2 1 1 ended {outcome}  #1\n")).expect("ours");
    }
}

#[test]
fn a_first_deploy_makes_a_site_and_its_undo_leaves_nothing() {
    Site::each(|site| {
        for (id, compression) in [("20260101T000000Z-a", Compression::Zstd), ("20260101T000001Z-b", Compression::Gzip)]
        {
            let before = site.seen();
            let run = site.run(id, "storage\n.env\n").with_artifact(compression);
            run.all(&["release"]);
            assert!(
                run.step("switch")
                    .expect("it switches")
                    .contains(&format!("reloaded in {}", site.path("releases").display()))
            );
            assert_eq!(fs::read_link(site.path("current")).expect("a link"), Path::new("releases").join(id));
            assert_eq!(fs::read_link(site.path("current/storage")).expect("a link"), Path::new("../../shared/storage"));
            assert_eq!(fs::read(site.path("current/public/index.php")).expect("it is there"), b"<?php\n");
            assert!(
                site.path("shared/storage/framework/views").is_dir() && site.path("current/bootstrap/cache").is_dir()
            );
            assert!(!run.dir.join("upload/artifact").exists());
            let mode = fs::metadata(site.path("current/artisan")).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o7777, 0o755);
            // each undo twice, as after a crash
            run.all(&["switch-undo", "switch-undo", "release-undo", "release-undo"]);
            assert_eq!(site.seen(), before, "{}", site.shell);
        }
    });
}

#[test]
fn what_users_have_stays_theirs_through_deploy_and_undo() {
    Site::each(|site| {
        for (file, text) in [("site/shared/storage/app/public/avatar.png", "me"), ("site/shared/.env", "KEY=1")] {
            site.place.write(file, text.as_bytes());
        }
        symlink("elsewhere", site.path("shared/cache")).expect("ours");
        site.place.write("app/storage/app/public/seed", b"of the artifact");
        let skeleton = ["framework/cache/data", "framework/sessions", "framework/testing", "framework/views", "logs"];
        for folder in skeleton {
            fs::create_dir_all(site.path("shared/storage").join(folder)).expect("ours");
        }
        let before = site.seen();
        // what is shared as a whole, and once more in part: in both orders
        for (id, shared) in [
            ("20260101T000000Z-a", "storage\nstorage/app/public\n.env\ncache\n"),
            ("20260101T000001Z-b", "storage/app/public/\nstorage/\n.env\ncache\n"),
        ] {
            let run = site.run(id, shared).with_artifact(Compression::Gzip);
            run.all(&["release", "switch"]);
            assert_eq!(fs::read(site.path("current/storage/app/public/avatar.png")).expect("it is there"), b"me");
            assert_eq!(fs::read(site.path("current/.env")).expect("it is there"), b"KEY=1");
            run.all(&["switch-undo", "release-undo"]);
            assert_eq!(site.seen(), before, "{} {shared:?}", site.shell);
        }
        // in the way of a folder of ours: kept, and named
        fs::remove_dir_all(site.path("shared")).expect("ours");
        site.place.write("site/shared/data", b"a file of theirs");
        let before = site.seen();
        let run = site.run("20260101T000002Z-c", "data/uploads\n").with_artifact(Compression::Gzip);
        let said = run.step("release").expect_err("it is in the way");
        assert!(said.contains("shared/data is there, but it is no folder"), "{said}");
        run.all(&["release-undo"]);
        assert_eq!(site.seen(), before);
    });
}

#[test]
fn a_nested_entry_is_linked_from_where_it_is() {
    Site::each(|site| {
        let run = site.run("20260101T000000Z-a", "public/up/load\n").with_artifact(Compression::Gzip);
        run.all(&["release"]);
        let link = site.path("releases/20260101T000000Z-a/public/up/load");
        assert_eq!(fs::read_link(&link).expect("a link"), Path::new("../../../../shared/public/up/load"));
        assert!(link.is_dir());
        for outside in ["../x", "/etc", "a/../../x", "a//b"] {
            let run = site.run("20260101T000001Z-b", outside).with_artifact(Compression::Gzip);
            fs::write(run.dir.join("shared"), format!("{outside}\n")).expect("ours");
            let said = run.step("release").expect_err("it leaves the release");
            assert!(said.contains("is no path inside the release"), "{said}");
            run.all(&["release-undo"]);
            fs::remove_dir_all(&run.dir).expect("ours");
        }
    });
}

#[test]
fn an_artifact_that_is_not_what_was_sent_is_never_unpacked() {
    Site::each(|site| {
        let damage: [Damage; 3] = [
            (|upload| fs::write(upload.join("artifact"), "short").expect("ours"), "arrived with 5 of"),
            (
                |upload| {
                    let mut bytes = fs::read(upload.join("artifact")).expect("ours");
                    bytes[300] ^= 1;
                    fs::write(upload.join("artifact"), bytes).expect("ours");
                },
                "arrived damaged (SHA-256",
            ),
            (
                |upload| {
                    let done = fs::read_to_string(upload.join("done")).expect("ours");
                    fs::write(upload.join("done"), done.replace("gzip", "lzma")).expect("ours");
                },
                "came as 'lzma'",
            ),
        ];
        let before = site.seen();
        for (harm, expected) in damage {
            let run = site.run("20260101T000000Z-a", "storage\n").with_artifact(Compression::Gzip);
            harm(&run.dir.join("upload"));
            let said = run.step("release").expect_err("it is not taken");
            assert!(said.contains(expected), "{}: {said}", site.shell);
            assert!(!site.path("releases/20260101T000000Z-a").exists());
            run.all(&["release-undo"]);
            assert_eq!(site.seen(), before, "{}", site.shell);
            fs::remove_dir_all(&run.dir).expect("ours");
        }
    });
}

#[test]
fn switch_goes_on_with_the_links_of_another_tool_and_takes_no_folder_for_one() {
    Site::each(|site| {
        let foreign = site.path("releases/42");
        fs::create_dir_all(&foreign).expect("ours");
        symlink(&foreign, site.path("current")).expect("ours");
        let run = site.run("20260101T000000Z-a", "").with_artifact(Compression::Gzip);
        run.all(&["release", "switch"]);
        assert_eq!(fs::read_link(site.path("current")).expect("a link"), site.path("releases/20260101T000000Z-a"));
        fs::write(run.dir.join("command-001"), "exit 3\n").expect("ours");
        run.all(&["switch-undo"]);
        assert_eq!(fs::read_link(site.path("current")).expect("a link"), foreign);
        assert!(fs::read_to_string(run.dir.join("facts")).expect("told").starts_with("warning release.reload failed"));
        let said = run.step("switch").expect_err("the reload fails");
        assert!(said.contains("release.reload failed: exit 3"), "{said}");
        run.all(&["switch-undo"]);

        fs::remove_file(site.path("current")).expect("ours");
        fs::create_dir(site.path("current")).expect("ours");
        fs::remove_file(run.dir.join("state/switch-old")).expect("ours");
        let said = run.step("switch").expect_err("it is no link");
        assert!(said.contains("is no link: move it away"), "{said}");
        run.all(&["switch-undo"]);
        assert!(site.path("current").is_dir());
    });
}

#[test]
fn retention_counts_committed_releases_and_touches_no_other() {
    Site::each(|site| {
        fs::create_dir_all(site.path("releases/42")).expect("ours");
        let ids = ["20260101T000000Z-a", "20260102T000000Z-b", "20260103T000000Z-c", "20260104T000000Z-d"];
        for id in ids {
            let run = site.run(id, "").with_artifact(Compression::Gzip);
            run.all(&["release", "switch"]);
            // as a release would be that its app had made read-only
            let locked = site.path("releases").join(id).join("public");
            fs::set_permissions(locked, fs::Permissions::from_mode(0o000)).expect("ours");
            run.end("committed");
        }
        let names = || run(Command::new("ls").arg(site.path("releases")));
        assert_eq!(names(), "20260103T000000Z-c\n20260104T000000Z-d\n42\n", "{}", site.shell);
        // one that failed and could not be removed goes with the next; one whose run is unfinished stays
        for (id, outcome) in [("20260105T000000Z-e", Some("rolled-back")), ("20260106T000000Z-f", None)] {
            let failed = site.run(id, "").with_artifact(Compression::Gzip);
            failed.all(&["release"]);
            if let Some(outcome) = outcome {
                failed.end(outcome);
            }
        }
        let next = site.run("20260107T000000Z-g", "").with_artifact(Compression::Gzip);
        next.all(&["release", "switch"]);
        next.end("committed");
        assert_eq!(names(), "20260104T000000Z-d\n20260106T000000Z-f\n20260107T000000Z-g\n42\n", "{}", site.shell);
    });
}
