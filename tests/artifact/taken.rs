//! Which artifacts are taken, which are not and why.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

use crate::place::{Place, RawEntry, TARS, open, run};
use backstay::artifact::{Artifact, ArtifactError, EntryFault};
use tar::EntryType;

fn fault_of(file: &Path) -> (String, EntryFault) {
    match open(file) {
        Err(ArtifactError::Entry { entry, fault, .. }) => (entry, fault),
        other => panic!("{other:?}"),
    }
}

fn fault(entries: &[RawEntry<'_>]) -> (String, EntryFault) {
    let artisan = (EntryType::Regular, "artisan", "", "x");
    fault_of(&Place::new().raw_tar(&[&[artisan], entries].concat()))
}

#[test]
fn a_folder_and_its_tars_are_the_same_artifact() {
    let place = Place::new();
    let folder = open(&place.path("app")).expect("it is fine");
    for (end, option) in TARS {
        let sorted = ["--sort=name", "--mtime=@7", "--owner=4711", "-C", "app", "."];
        let posix_in_parts = ["--format=posix", "-C", "app", "./public", "--exclude=./public", "."];
        let short_names = ["--format=v7", "--exclude=./nnn*", "--exclude=./far", "-C", "app", "."];
        for (name, args) in [("sorted", &sorted[..]), ("parts", &posix_in_parts), ("v7", &short_names)] {
            let tar = place.tar(&format!("{name}.{end}"), &[&[option], args].concat());
            let tar = open(&tar).expect("it is fine");
            if name == "v7" {
                assert!(tar.has("public/index.php") && tar.list("").contains(&"storage".to_owned()), "{end}");
                continue;
            }
            assert_eq!((tar.digest(), tar.size_bytes()), (folder.digest(), folder.size_bytes()), "{name}.{end}");
            assert_eq!(tar.entries(), folder.entries());
        }
    }
    assert_eq!(folder.list("public"), ["index.php", "noise.bin", "storage"]);
    assert!(folder.has("public/") && !folder.has("public/x"));
}

#[test]
fn every_change_of_what_is_deployed_is_another_digest() {
    let place = Place::new();
    let app = place.path("app");
    let mut digests = vec![open(&app).expect("fine").digest().to_owned()];
    let mut note = |what: &str| {
        let digest = open(&app).expect("fine").digest().to_owned();
        assert!(!digests.contains(&digest), "{what}");
        digests.push(digest);
    };
    place.write("app/empty", b"x");
    note("content");
    fs::rename(place.path("app/empty"), place.path("app/empty2")).expect("ours");
    note("name");
    fs::set_permissions(place.path("app/empty2"), fs::Permissions::from_mode(0o700)).expect("ours");
    note("execute bit");
    symlink("empty2", place.path("app/link")).expect("ours");
    note("link");
}

#[test]
fn a_cut_archive_is_never_taken() {
    let place = Place::new();
    let noise = fs::read(place.path("app/public/noise.bin")).expect("ours");
    place.write("app/public/noise.bin", &noise[..20_000]);
    for (end, option) in TARS {
        let whole = fs::read(place.tar(&format!("a.{end}"), &[option, "-b1", "-C", "app", "."])).expect("ours");
        // the zeros at a plain tar's end may be cut: nothing is lost then
        let needed = if end == "tar" { whole.len() - 512 } else { whole.len() };
        let step = needed / 150;
        let cuts = (1..needed).step_by(step).chain(needed.saturating_sub(40)..needed).chain(1..40);
        for cut in cuts {
            let file = place.write("cut", &whole[..cut]);
            match open(&file) {
                Err(ArtifactError::Truncated { .. } | ArtifactError::NotAnArchive { .. }) => {}
                other => panic!("{end} cut at {cut} of {}: {other:?}", whole.len()),
            }
            // with enough of it to be known, it is called by its name
            if cut >= 512 {
                assert!(matches!(open(&file), Err(ArtifactError::Truncated { .. })), "{end} cut at {cut}");
            }
        }
    }
}

#[test]
fn a_damaged_archive_is_never_taken() {
    let place = Place::new();
    let folder = open(&place.path("app")).expect("fine");
    for (end, option) in &TARS[1..] {
        let zstd_with_checksum = "zstd -q --check";
        let option = if *end == "tar.zst" { &format!("--use-compress-program={zstd_with_checksum}") } else { *option };
        let whole = fs::read(place.tar(&format!("a.{end}"), &[option, "-C", "app", "."])).expect("ours");
        let mut refused = 0;
        for at in (10..whole.len()).step_by(whole.len() / 100) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            match open(&place.write("damaged", &bytes)) {
                Ok(taken) => assert_eq!(taken.digest(), folder.digest(), "{end} damaged at {at}"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused >= 95, "{end}: {refused}");
    }
}

#[test]
fn what_is_no_archive_is_named() {
    let place = Place::new();
    for (bytes, said) in [
        (&b""[..], "it is empty"),
        (b"PK\x03\x04rest", "zip"),
        (b"BZh91AY", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"<html>404 not found</html>", "does not begin like"),
        (&[b'x'; 5000], "does not begin like"),
    ] {
        let error = open(&place.write("artifact.tar.gz", bytes)).expect_err("it is none");
        assert!(matches!(&error, ArtifactError::NotAnArchive { .. }) && error.to_string().contains(said), "{error}");
    }
    let error = open(&place.path("absent")).expect_err("it is not there");
    assert!(matches!(error, ArtifactError::Unreadable { .. }), "{error:?}");
    assert!(error.refusal().reason.ends_with("No such file or directory (os error 2)"), "{:?}", error.refusal());
}

#[test]
fn an_entry_that_could_write_outside_of_the_release_is_refused() {
    let file = EntryType::Regular;
    let link = EntryType::Symlink;
    let leaves = |to: &str| EntryFault::LeavesTree(to.to_owned());
    assert_eq!(fault(&[(file, "../x", "", "")]), ("../x".to_owned(), EntryFault::DotDot));
    assert_eq!(fault(&[(file, "a/b/../../../x", "", "")]).1, EntryFault::DotDot);
    assert_eq!(fault(&[(file, "/etc/x", "", "")]).1, EntryFault::Absolute);
    assert_eq!(fault(&[(link, "a", "/etc", "")]).1, leaves("/etc"));
    assert_eq!(fault(&[(link, "a/b", "../../x", "")]).1, leaves("../../x"));
    assert_eq!(fault(&[(link, "a", "x/../..", "")]).1, leaves("x/../.."));
    // by way of another link: a/up is the root, so a/up/.. is not
    let chain = [(link, "a/up", "..", ""), (link, "z", "a/up/../x", "")];
    assert_eq!(fault(&chain), ("z".to_owned(), leaves("a/up/../x")));
    let chain = [(link, "b", "c/d", ""), (link, "c", "e", ""), (link, "e/d", "../..", "")];
    assert_eq!(fault(&chain), ("b".to_owned(), leaves("c/d")));
    assert_eq!(fault(&[(link, "a", "b", ""), (file, "a/x", "", "")]).1, EntryFault::BelowNoFolder("a".to_owned()));
    assert_eq!(fault(&[(EntryType::Link, "a", "../artisan", "")]).1, leaves("../artisan"));
    assert_eq!(fault(&[(EntryType::Link, "a", "/etc/passwd", "")]).1, leaves("/etc/passwd"));
    let (entry, _) = fault(&[(file, "../\x1b[2J::error::x", "", "")]);
    assert_eq!(entry, "../\\u{1b}[2J::error::x", "names are shown escaped");
}

#[test]
fn links_inside_of_the_release_are_fine_and_loops_are_not() {
    let place = Place::new();
    let link = EntryType::Symlink;
    let good = [
        (EntryType::Regular, "artisan", "", "x"),
        (link, "a/up", "..", ""),
        (link, "a/same", "up/artisan", ""),
        (link, "public/storage", "../storage/app/public", ""),
        (link, "here", ".", ""),
    ];
    assert_eq!(open(&place.raw_tar(&good)).expect("all stay inside").entries(), 7);
    assert_eq!(fault(&[(link, "a", "a", "")]).1, EntryFault::LinkLoop);
    assert_eq!(fault(&[(link, "a", "b/x", ""), (link, "b", "a/y", "")]).1, EntryFault::LinkLoop);
    assert_eq!(fault(&[(link, "a", "", "")]).1, EntryFault::LinkToNothing);
}

#[test]
fn other_faults_of_entries_are_named() {
    let file = EntryType::Regular;
    let special = |what| EntryFault::Special(what);
    assert_eq!(fault(&[(EntryType::Char, "dev", "", "")]).1, special("a device"));
    assert_eq!(fault(&[(EntryType::Block, "dev", "", "")]).1, special("a device"));
    assert_eq!(fault(&[(EntryType::Fifo, "pipe", "", "")]).1, special("a named pipe"));
    assert_eq!(fault(&[(file, "a", "", "1"), (file, "./a", "", "2")]).1, EntryFault::Duplicate);
    assert_eq!(fault(&[(file, "a/b", "", "1"), (file, "a", "", "2")]).1, EntryFault::Duplicate);
    assert_eq!(fault(&[(file, "a", "", "1"), (file, "a/b", "", "2")]).1, EntryFault::BelowNoFolder("a".to_owned()));
    let nothing = EntryFault::HardLinkToNothing("b".to_owned());
    assert_eq!(fault(&[(EntryType::Link, "a", "b", ""), (file, "b", "", "")]).1, nothing);
    assert_eq!(fault(&[(EntryType::Directory, "b", "", ""), (EntryType::Link, "a", "b", "")]).1, nothing);

    let place = Place::new();
    run(Command::new("mkfifo").arg(place.path("app/pipe")));
    assert_eq!(fault_of(&place.path("app")), ("pipe".to_owned(), special("a named pipe")));
    let taken = Artifact::open(&place.path("app"), &["pipe".to_owned()], &["artisan"]);
    assert!(taken.is_ok(), "what is excluded is not looked at: {taken:?}");

    fs::remove_file(place.path("app/pipe")).expect("ours");
    let sparse = fs::File::create(place.path("app/sparse")).expect("ours");
    sparse.set_len(1 << 20).expect("ours");
    let gnu = open(&place.tar("gnu.tar", &["-S", "--format=gnu", "-C", "app", "."])).expect("holes are zeros");
    assert_eq!(gnu.digest(), open(&place.path("app")).expect("fine").digest());
    let (_, fault) = fault_of(&place.tar("pax.tar", &["-S", "--format=posix", "-C", "app", "."]));
    assert_eq!(fault, special("a sparse file as --format=posix packs it"));
}

#[test]
fn a_name_with_a_line_break_is_kept_or_refused_but_never_read_as_another() {
    let place = Place::new();
    place.write("app/line\nbreak é", b"x");
    let folder = open(&place.path("app")).expect("fine");
    let gnu = open(&place.tar("gnu.tar", &["--format=gnu", "-C", "app", "."])).expect("fine");
    assert_eq!(gnu.digest(), folder.digest());
    assert!(gnu.has("line\nbreak é"));
    let (_, fault) = fault_of(&place.tar("pax.tar", &["--format=posix", "-C", "app", "."]));
    assert_eq!(fault, EntryFault::BadName);
}

#[test]
fn an_artifact_without_its_app_is_refused() {
    let place = Place::new();
    let error = open(&place.tar("below.tar", &["app"])).expect_err("it is one folder down");
    assert!(matches!(&error, ArtifactError::NoEntryPoint { below: Some(below), .. } if below == "app"), "{error:?}");
    assert!(error.to_string().ends_with("has no artisan at its root: everything in it is under app/"), "{error}");
    fs::create_dir(place.path("none")).expect("ours");
    fs::create_dir(place.path("none/folder")).expect("ours");
    for empty in [place.path("none"), place.tar("none.tar", &["-C", "none", "."])] {
        assert!(matches!(open(&empty), Err(ArtifactError::Empty { .. })), "{empty:?}");
    }
    place.write("other/app/index.html", b"");
    let other = open(&place.path("other")).expect_err("it is something else");
    assert!(matches!(other, ArtifactError::NoEntryPoint { below: None, .. }), "{other:?}");
}

#[test]
fn the_newest_files_of_a_folder_are_read_within_a_bound() {
    let place = Place::new();
    for (name, content) in
        [("1_old.php", "old"), ("2_large.php", "large large"), ("3_new.php", "new"), ("note.txt", "")]
    {
        place.write(&format!("app/database/migrations/{name}"), content.as_bytes());
    }
    place.write("app/database/migrations/sub/4_deeper.php", b"deeper");
    let mut sources = TARS.map(|(end, option)| place.tar(&format!("a.{end}"), &[option, "-C", "app", "."])).to_vec();
    sources.push(place.path("app"));
    for source in sources {
        let artifact = open(&source).expect("it is one");
        let read = |max_bytes| {
            let files = artifact.read("database/migrations", ".php", max_bytes).expect("it is as it was");
            files
                .into_iter()
                .map(|(name, bytes)| format!("{name}: {}", String::from_utf8_lossy(&bytes)))
                .collect::<Vec<_>>()
        };
        assert_eq!(read(100), ["1_old.php: old", "2_large.php: large large", "3_new.php: new"]);
        assert_eq!(read(7), ["1_old.php: old", "3_new.php: new"]);
        assert_eq!(read(0), Vec::<String>::new());
    }
}
