//! The archive's form (`lib/archive.sh`): what was put in comes out, and every harm to it is named.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::support::{Shell, under_each_shell};

const ARCHIVE: &str = include_str!("../../src/scripts/lib/archive.sh");

/// Names that a database may have.
const NAMES: [&str; 5] = ["orders", "a\tb", "two\nlines", "back\\slash \\t", "quo'te \"🔑\""];

/// A folder with archives, and the tools of one kind of system.
struct Shelf {
    folder: tempfile::TempDir,
    shell: Shell,
    search: String,
}

impl Shelf {
    fn new(shell: Shell) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let search = shell.install(&folder.path().join("bin"));
        fs::write(folder.path().join("archive.sh"), ARCHIVE).expect("ours");
        Self { folder, shell, search }
    }

    /// Runs a text after the functions; its exit status and output.
    fn sh(&self, text: &str, args: &[&str]) -> (i32, String) {
        let output = Command::new(self.shell.program())
            .args((self.shell == Shell::Busybox).then_some("sh"))
            .args(["-c", &format!("set -eu\n. ./archive.sh\n{text}"), "sh"])
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", &self.search)
            .env("HOME", self.folder.path())
            .output()
            .expect("it runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An archive with an object for each of the names.
    fn make(&self, name: &str) -> PathBuf {
        let text = "begin_archive \"$PWD/copies/$1\"; shift
            archive_fact engine none; archive_fact sql_mode \"$1\"
            number=0
            for name in \"$@\"; do
                number=$((number + 1))
                stream_object \"000$number.table\" printf 'rows of %s\\n' \"$name\"
                archive_object table \"$name\" \"$FILE\" \"$number\"
            done
            archive_object view 'a view' - -
            finish_archive";
        let (code, said) = self.sh(text, &[&[name], &NAMES[..]].concat());
        assert_eq!((code, said.as_str()), (0, ""), "{}", self.shell);
        self.path("copies").join(name)
    }

    fn faults(&self, archive: &Path) -> String {
        let (code, said) = self.sh("archive_faults \"$1\"", &[&archive.to_string_lossy()]);
        assert_eq!(code, 0, "{} {said}", self.shell);
        said
    }
}

#[test]
fn what_was_put_into_an_archive_comes_out_of_it_and_nothing_is_wrong_with_it() {
    under_each_shell(|shell| {
        let shelf = Shelf::new(shell);
        let archive = shelf.make("main");
        assert_eq!(shelf.faults(&archive), "", "{shell}");
        assert_eq!(fs::read_dir(shelf.path("copies")).expect("ours").count(), 1, "{shell}: nothing lies beside it");
        let manifest = fs::read_to_string(archive.join("manifest")).expect("it is there");
        assert!(manifest.starts_with("backstay-archive\t1\nfact\tengine\tnone\n"), "{manifest}");
        assert!(manifest.contains("\nobject\ttable\ttwo\\nlines\t0003.table."), "{manifest}");
        assert!(manifest.contains("\nobject\tview\ta view\t-\t-\t-\t-\nend\t"), "{manifest}");
        assert_eq!(shelf.sh("archive_said \"$1\" sql_mode", &[&archive.to_string_lossy()]), (0, "orders\n".to_owned()));
        let text = "archive_objects \"$1\" table >list
            while IFS='\t' read -r name file rows; do
                printf '%s: %s\\n' \"$rows\" \"$(printf '%s\\n' \"$name\" | unescaped_name)\"
                unpacked \"$1/$file\"
            done <list";
        let (code, said) = shelf.sh(&text.replace("\\t' read", "\t' read"), &[&archive.to_string_lossy()]);
        let expected: String =
            NAMES.iter().enumerate().map(|(n, name)| format!("{}: {name}\nrows of {name}\n", n + 1)).collect();
        assert_eq!((code, said), (0, expected), "{shell}");
    });
}

#[test]
fn an_archive_whose_writer_fails_is_never_finished() {
    under_each_shell(|shell| {
        let shelf = Shelf::new(shell);
        let text = "begin_archive \"$PWD/copies/main\"
            fails() { echo half; return 3; }
            ! stream_object 0001.table fails || exit 8
            archive_object table t 0001.table.zst 1
            archive_object table missing 0002.table.zst 1
            finish_archive || exit 9";
        assert_eq!(shelf.sh(text, &[]).0, 9, "{shell}");
        assert!(!shelf.path("copies/main").exists(), "{shell}");
        // and the next try begins anew
        assert_eq!(shelf.faults(&shelf.make("main")), "", "{shell}");
    });
}

#[test]
fn every_harm_to_an_archive_is_named() {
    type Harm = (&'static str, fn(&Path), &'static str);
    let harms: [Harm; 11] = [
        ("cut", |a| put(&table(a, 2), |b| b.truncate(b.len() - 1)), "0002.table."),
        ("longer", |a| put(&table(a, 2), |b| b.push(0)), "is too long"),
        ("flipped", |a| put(&table(a, 3), |b| b[9] ^= 4), "is damaged: its SHA-256 is another one"),
        ("missing", |a| fs::remove_file(table(a, 1)).expect("it was there"), "is missing"),
        ("foreign", |a| fs::write(a.join("shell.php"), "x").expect("ours"), "shell.php is not part of the archive"),
        ("hidden", |a| fs::write(a.join(".x"), "x").expect("ours"), ".x is not part of the archive"),
        ("link", |a| link_away(&table(a, 1)), "is no file"),
        ("manifest-cut", |a| put(&a.join("manifest"), |b| b.truncate(b.len() - 80)), "the manifest is truncated"),
        ("manifest-flipped", |a| put(&a.join("manifest"), |b| b[30] ^= 1), "the manifest is damaged"),
        ("manifest-gone", |a| fs::remove_file(a.join("manifest")).expect("it was there"), "the manifest is missing"),
        ("newer", |a| put(&a.join("manifest"), |b| b[17] = b'2'), "does not know"),
    ];
    under_each_shell(|shell| {
        let shelf = Shelf::new(shell);
        for (name, harm, expected) in harms {
            let archive = shelf.make(name);
            harm(&archive);
            let said = shelf.faults(&archive);
            assert!(said.contains(expected) && said.lines().count() == 1, "{shell} {name}: {said}");
        }
        assert!(shelf.faults(&shelf.path("copies/none")).contains("the folder is missing"), "{shell}");
        // a manifest that somebody made leads to no file elsewhere
        let archive = shelf.make("outside");
        let manifest = fs::read_to_string(archive.join("manifest")).expect("it is there");
        let body = manifest.split_once("end\t").expect("its end").0.replace("0001.table", "../0001.table");
        fs::write(archive.join("manifest"), &body).expect("ours");
        let (code, _) = shelf.sh(
            "sum=$(sha256sum \"$1/manifest\"); printf 'end\\t%s\\n' \"${sum%% *}\" >>\"$1/manifest\"",
            &[&archive.to_string_lossy()],
        );
        assert_eq!(code, 0);
        assert!(shelf.faults(&archive).contains("names a file that cannot be in an archive"), "{shell}");
    });
}

/// The file of the nth object.
fn table(archive: &Path, number: u32) -> PathBuf {
    let named = |suffix: &str| archive.join(format!("000{number}.table.{suffix}"));
    if named("zst").exists() { named("zst") } else { named("gz") }
}

fn put(file: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).expect("it is there");
    change(&mut bytes);
    fs::write(file, bytes).expect("ours");
}

fn link_away(file: &Path) {
    let away = file.with_extension("away");
    let away = away.parent().and_then(Path::parent).expect("a folder").join("away");
    fs::rename(file, &away).expect("ours");
    std::os::unix::fs::symlink(away, file).expect("a link");
}
