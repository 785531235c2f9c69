//! What an artifact is packed into.

use std::{fs, io::Write, os::unix::fs::PermissionsExt, process::Command};

use backstay::artifact::{Artifact, ArtifactError, Compression};

use crate::place::{Place, TARS, listing, open, run};

/// What it is, and how it is made.
type Change = (&'static str, fn(&Place));

fn pack(artifact: &Artifact, mode: u32, compression: Compression) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packed = artifact.pack(mode, compression, |piece| {
        assert!(piece.len() <= 256 * 1024);
        bytes.extend(piece);
        true
    });
    assert_eq!(packed.expect("it is as it was").bytes, bytes.len() as u64);
    bytes
}

fn unpack(place: &Place, bytes: &[u8]) -> std::path::PathBuf {
    let packed = place.write("packed", bytes);
    let into = place.path("unpacked");
    let _ = fs::remove_dir_all(&into);
    fs::create_dir(&into).expect("a folder");
    run(Command::new("tar").arg("-xpf").arg(packed).arg("-C").arg(&into));
    into
}

#[test]
fn what_is_packed_unpacks_to_the_same_tree_with_the_modes_that_were_asked_for() {
    let place = Place::new();
    fs::hard_link(place.path("app/artisan"), place.path("app/public/zz")).expect("ours");
    let set = |path: &str, mode| fs::set_permissions(place.path(path), fs::Permissions::from_mode(mode)).expect("ours");
    let mut sources = TARS.map(|(end, option)| place.tar(&format!("a.{end}"), &[option, "-C", "app", "."])).to_vec();
    sources.push(place.path("app"));
    let find = |what: &str, mode: &str| {
        run(Command::new("find")
            .arg(place.path("app"))
            .args(["-mindepth", "1"])
            .args(what.split(' '))
            .args(["-exec", "chmod", mode, "{}", "+"]));
    };
    find("-type d", "0750");
    find("-type f -perm -100", "0750");
    find("-type f ! -perm -100", "0640");
    let expected = listing(&place.path("app"));
    set("app", 0o755);
    for source in sources {
        let artifact = open(&source).expect("fine");
        for compression in [Compression::Zstd, Compression::Gzip] {
            let into = unpack(&place, &pack(&artifact, 0o750, compression));
            assert_eq!(listing(&into), expected, "{source:?} {compression}");
            assert_eq!(open(&into).expect("fine").digest(), artifact.digest());
        }
    }
    let names = run(Command::new("tar").arg("-tvf").arg(place.path("packed")).arg("--numeric-owner"));
    assert!(names.lines().all(|line| line.contains(" 0/0 ")), "{names}");
}

#[test]
fn an_artifact_that_changed_since_it_was_checked_is_not_sent() {
    let changes: [Change; 6] = [
        ("content of the same length", |place| drop(place.write("app/public/index.php", b"<?PHP\n"))),
        ("longer", |place| drop(place.write("app/public/index.php", b"<?php\n// more"))),
        ("shorter", |place| drop(place.write("app/public/index.php", b"<?"))),
        ("one more", |place| drop(place.write("app/new.php", b""))),
        ("one less", |place| fs::remove_file(place.path("app/empty")).expect("ours")),
        ("executable", |place| {
            fs::set_permissions(place.path("app/empty"), fs::Permissions::from_mode(0o755)).expect("ours");
        }),
    ];
    for (what, change) in changes {
        for (end, option) in TARS.into_iter().chain([("folder", "")]) {
            let place = Place::new();
            let make = || match end {
                "folder" => place.path("app"),
                _ => place.tar("a", &[option, "-C", "app", "."]),
            };
            let artifact = open(&make()).expect("fine");
            change(&place);
            make();
            let packed = artifact.pack(0o755, Compression::Gzip, |_| true);
            assert!(matches!(packed, Err(ArtifactError::Changed { .. })), "{what}, {end}: {packed:?}");
        }
    }
    let place = Place::new();
    let tar = place.tar("a.tar.gz", &["-z", "-C", "app", "."]);
    let artifact = open(&tar).expect("fine");
    let half = fs::metadata(&tar).expect("ours").len() / 2;
    fs::OpenOptions::new().write(true).open(&tar).and_then(|file| file.set_len(half)).expect("ours");
    assert!(matches!(artifact.pack(0o755, Compression::Zstd, |_| true), Err(ArtifactError::Changed { .. })));
}

#[test]
fn a_packing_whose_rest_nobody_wants_ends() {
    let place = Place::new();
    let mut noise = fs::File::create(place.path("app/noise")).expect("ours");
    noise.write_all(&fs::read("/proc/self/exe").expect("this test")).expect("ours");
    let artifact = open(&place.path("app")).expect("fine");
    let mut pieces = 0;
    let packed = artifact.pack(0o755, Compression::Zstd, |_| {
        pieces += 1;
        pieces < 2
    });
    assert!(matches!(packed, Err(ArtifactError::GivenUp)), "{packed:?}");
    assert_eq!(pieces, 2);
}
