//! How the action gets its binary, and what it says where it does not.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use sha2::{Digest, Sha256};

use super::{Shop, Used};
use crate::support::{Site, binary};

#[track_caller]
fn is_untouched(shop: &Shop, used: &Used, because: &str) {
    assert_ne!(used.status("install"), 0, "{used:#?}");
    let ran: Vec<bool> = used.steps.iter().map(|(_, status)| status.is_some()).collect();
    assert_eq!(ran, [true, false, true]);
    assert_eq!((used.status("finish"), used.output("outcome")), (0, "refused"));
    assert_eq!(used.errors().len(), 1, "{used:#?}");
    assert!(used.errors()[0].contains(because), "{because}: {used:#?}");
    assert!(used.summary.contains(because) && used.summary.contains("Nothing was touched"), "{used:#?}");
    assert_eq!(shop.target.live_revision().as_deref(), Some("1111111"));
    shop.left_nothing(used);
}

#[test]
fn without_a_binary_nothing_is_touched_and_that_is_said() {
    let mut shop = Shop::new(Site::with_first());
    let used = shop.start(&[], &[("binary", "not-there")]).wait();
    is_untouched(&shop, &used, "names no file that can be run");
    // of this very version nothing is released
    let used = shop.start(&[], &[("binary", "")]).wait();
    is_untouched(&shop, &used, "names no release for linux-x64");
    for (name, value, because) in
        [("RUNNER_OS", "Windows", "runs-on: ubuntu-latest"), ("RUNNER_ARCH", "X86", "x64 and arm64")]
    {
        shop.runner.more = vec![(name.to_owned(), value.to_owned())];
        let used = shop.start(&[], &[]).wait();
        is_untouched(&shop, &used, because);
    }
}

/// The action's own folder as a release has it, and a curl that gives what would be downloaded.
struct Release<'a> {
    shop: &'a mut Shop,
    action: std::path::PathBuf,
    programs: std::path::PathBuf,
}

impl<'a> Release<'a> {
    fn of(shop: &'a mut Shop) -> Self {
        let (action, programs) = (shop.runner.workspace.join("_action"), shop.runner.workspace.join("_bin"));
        fs::create_dir_all(action.join("action")).expect("ours");
        fs::create_dir_all(&programs).expect("ours");
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("action");
        for script in ["install.sh", "finish.sh"] {
            fs::copy(own.join(script), action.join("action").join(script)).expect("it is there");
        }
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("there is one"));
        shop.runner.more = vec![
            ("PATH".to_owned(), path),
            ("GITHUB_ACTION_PATH".to_owned(), action.display().to_string()),
            ("GITHUB_ACTION_REPOSITORY".to_owned(), "octocat/backstay".to_owned()),
        ];
        Self { shop, action, programs }
    }

    fn program(&self, name: &str, script: &str) {
        let file = self.programs.join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("ours");
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("ours");
    }

    fn deploy(&self) -> Used {
        self.shop.start(&[], &[("binary", "")]).wait()
    }
}

#[test]
fn a_released_binary_is_run_when_its_checksum_and_provenance_are_right_and_not_otherwise() {
    let mut shop = Shop::new(Site::with_first());
    let release = Release::of(&mut shop);
    let archive = release.programs.join("archive");
    let packed = std::process::Command::new("tar")
        .arg("-czf")
        .arg(&archive)
        .arg("-C")
        .arg(binary().parent().expect("a folder"))
        .arg("backstay")
        .status();
    assert!(packed.expect("tar is there").success());
    let asked = release.programs.join("asked");
    // the argument after --output, and the last one
    let curl = "while [ $# -gt 1 ]; do [ \"$1\" != --output ] || out=$2; shift; done";
    release.program("curl", &format!("{curl}\necho \"$1\" >>{}\ncp {} \"$out\"", asked.display(), archive.display()));
    release.program("gh", "[ \"$2\" = --help ] || [ ! -e \"$0.no\" ]");
    let sum: String =
        Sha256::digest(fs::read(&archive).expect("packed")).iter().map(|byte| format!("{byte:02x}")).collect();
    let table = |sum: &str| {
        let line =
            format!("# released\n{sum}  backstay-9.9.9-linux-x64.tar.gz\n{sum}  backstay-9.9.9-macos-arm64.tar.gz\n");
        fs::write(release.action.join("checksums.txt"), line).expect("ours");
    };

    table(&"0".repeat(64));
    is_untouched(release.shop, &release.deploy(), "is not what checksums.txt says; it was not run");
    table(&sum);
    fs::write(release.programs.join("gh.no"), "").expect("ours");
    is_untouched(release.shop, &release.deploy(), "provenance is not attested");
    fs::remove_file(release.programs.join("gh.no")).expect("ours");
    let used = release.deploy();
    assert_eq!((used.status("install"), used.status("deploy")), (0, 0), "{used:#?}");
    assert_eq!(used.output("outcome"), "committed");
    let asked = fs::read_to_string(asked).expect("asked");
    let url = "https://github.com/octocat/backstay/releases/download/v9.9.9/backstay-9.9.9-linux-x64.tar.gz";
    assert!(asked.lines().all(|line| line == url), "{asked}");
    release.program("curl", "exit 22");
    let used = release.deploy();
    assert!(used.errors()[0].contains("could not be downloaded"), "{used:#?}");
}
