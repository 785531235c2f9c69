//! An artifact on its way to a target: whole with `done` beside it, or nothing.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use crate::place::{Place, listing, open, run};
use crate::sshd::{Sshd, eventually};
use backstay::{
    artifact::{ArtifactError, Compression, Packed, UploadError, upload},
    config::{Environment, HttpFrom, HttpReach, Transport},
    target::{Target, TargetError},
};

const UPLOAD: &str = include_str!("../../src/scripts/upload.sh");

async fn reach(transport: Transport) -> Target {
    let environment = Environment {
        name: "test".into(),
        drills: false,
        production: false,
        transport,
        path: "/srv/app".into(),
        url: None,
        http: HttpReach { from: HttpFrom::Runner, resolve: None, headers: Vec::new() },
    };
    Target::connect(&environment).await.expect("it lets us in")
}

/// Of what is in the folder; none where there is none yet.
fn names(folder: &Path) -> Vec<String> {
    let found = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        found.map(|entry| entry.expect("readable").file_name().into_string().expect("ours")).collect();
    names.sort();
    names
}

fn may_be_spawned(_: &impl Send) {}

/// The folder of a run on the target, and the file that the upload makes.
fn run_folder(place: &Place) -> (PathBuf, PathBuf) {
    let run = place.path("target/.backstay/runs/a run's");
    fs::create_dir_all(&run).expect("a folder");
    let file = run.join("upload/artifact");
    (run.join("upload"), file)
}

fn done_says(folder: &Path, compression: Compression) {
    let sum = run(Command::new("sha256sum").arg(folder.join("artifact")));
    let size = fs::metadata(folder.join("artifact")).expect("it is there").len();
    let expected = format!("{} {size} {compression}\n", sum.split(' ').next().expect("a sum").trim_start_matches('\\'));
    assert_eq!(fs::read_to_string(folder.join("done")).expect("it is there"), expected);
}

#[tokio::test]
async fn an_artifact_arrives_whole_over_ssh_and_on_this_machine() {
    let sshd = Sshd::start();
    for transport in [Transport::Local, Transport::Ssh(sshd.destination())] {
        let target = reach(transport).await;
        for compression in [Compression::Zstd, Compression::Gzip] {
            let place = Place::new();
            let (folder, file) = run_folder(&place);
            let artifact = open(&place.path("app")).expect("it is fine");
            let told = Arc::new(Mutex::new(Vec::new()));
            let progress = |bytes| told.lock().expect("ours").push(bytes);
            let name = file.to_str().expect("UTF-8");
            let sending = upload(&target, name, &artifact, 0o755, compression, progress);
            may_be_spawned(&sending);
            sending.await.expect("it arrives");
            assert_eq!(names(&folder), ["artifact", "done"]);
            done_says(&folder, compression);
            let told = told.lock().expect("ours").clone();
            assert!(told.is_sorted() && told.len() > 1, "{told:?}");
            assert_eq!(told.last().copied(), Some(fs::metadata(&file).expect("it is there").len()));
            // once more, as after a link that was lost at the very end
            let before = fs::metadata(&file).and_then(|m| m.modified()).expect("it is there");
            upload(&target, name, &artifact, 0o755, compression, |_| ()).await.expect("it is there already");
            assert_eq!(fs::metadata(&file).and_then(|m| m.modified()).expect("it is there"), before);
        }
        target.close().await;
    }
}

#[tokio::test]
async fn what_the_target_cannot_take_is_refused_in_its_words() {
    let place = Place::new();
    let artifact = open(&place.path("app")).expect("it is fine");
    let target = reach(Transport::Local).await;
    let gone = place.path("target/\x1b[2Jrun/upload/artifact");
    let sent = upload(&target, gone.to_str().expect("UTF-8"), &artifact, 0o755, Compression::Gzip, |_| ()).await;
    let Err(UploadError::Refused(said)) = sent else { panic!("{sent:?}") };
    assert!(said.ends_with("/target/\\u{1b}[2Jrun is not there: the run has ended"), "{said}");
}

#[tokio::test]
async fn an_artifact_that_changed_leaves_nothing_on_the_target() {
    let place = Place::new();
    let (folder, file) = run_folder(&place);
    let artifact = open(&place.path("app")).expect("it is fine");
    place.write("app/public/zzz.php", b"new");
    let target = reach(Transport::Local).await;
    let sent = upload(&target, file.to_str().expect("UTF-8"), &artifact, 0o755, Compression::Zstd, |_| ()).await;
    assert!(matches!(sent, Err(UploadError::Artifact(ArtifactError::Changed { .. }))), "{sent:?}");
    assert_eq!(names(&folder), [""; 0]);
}

#[tokio::test]
async fn a_lost_link_is_told_and_leaves_nothing_on_the_target() {
    let sshd = Sshd::start();
    let place = Place::new();
    let (folder, file) = run_folder(&place);
    // more than pipes and windows hold
    let noise: Vec<u8> =
        (0_u64..4_000_000).flat_map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 17).to_le_bytes()).collect();
    place.write("app/noise", &noise);
    let artifact = open(&place.path("app")).expect("it is fine");
    let target = reach(Transport::Ssh(sshd.destination())).await;
    let progress = |bytes| {
        // ssh takes megabytes before the script has begun
        if bytes > 2_000_000 && !names(&folder).is_empty() {
            sshd.drop_connections();
        }
    };
    let sent = upload(&target, file.to_str().expect("UTF-8"), &artifact, 0o755, Compression::Zstd, progress).await;
    assert!(matches!(sent, Err(UploadError::Target(TargetError::LinkLost))), "{sent:?}");
    eventually("the target cleans up", || names(&folder).is_empty()).await;
}

/// The target's side alone, under a shell of the test's choice.
fn receiver(shell: &[&str], file: &Path, tools: Option<&Path>) -> Child {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).args(["-c", UPLOAD, "backstay"]).arg(file);
    if let Some(tools) = tools {
        command.env("PATH", tools);
    }
    command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the shell is installed")
}

/// A folder with nothing but busybox's own tools.
fn busybox_tools(place: &Place) -> PathBuf {
    let tools = place.path("tools");
    fs::create_dir(&tools).expect("a folder");
    run(Command::new("busybox").args(["--install", "-s"]).arg(&tools));
    tools
}

fn stream(place: &Place) -> (Vec<u8>, Packed) {
    let artifact = open(&place.path("app")).expect("it is fine");
    let mut stream = Vec::new();
    let packed = artifact.pack(0o755, Compression::Gzip, |piece| {
        stream.extend(format!("{}\n", piece.len()).into_bytes());
        stream.extend(piece);
        true
    });
    let packed = packed.expect("it is as it was");
    stream.extend(format!("end {} {} gzip\n", packed.sha256, packed.bytes).into_bytes());
    (stream, packed)
}

fn feed(mut child: Child, bytes: &[u8]) -> (bool, String) {
    let mut stdin = child.stdin.take().expect("a pipe");
    // it may give up before the end
    let _ = stdin.write_all(bytes);
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_shell_takes_an_upload_whole_or_leaves_nothing() {
    let shells: [(&[&str], bool); 3] = [(&["dash"], false), (&["bash", "--posix"], false), (&["sh"], true)];
    for (shell, with_busybox_tools) in shells {
        let place = Place::new();
        let tools = with_busybox_tools.then(|| busybox_tools(&place));
        let (stream, packed) = stream(&place);
        let (folder, file) = run_folder(&place);
        let ends = (0..stream.len()).step_by(stream.len() / 12).chain((stream.len() - 90..stream.len()).step_by(9));
        for cut in ends.chain([stream.len() - 1]) {
            let (took, said) = feed(receiver(shell, &file, tools.as_deref()), &stream[..cut]);
            assert!(!took && said.contains("the upload was cut"), "{shell:?} cut at {cut}: {said}");
            assert_eq!(names(&folder), [""; 0], "{shell:?} cut at {cut}");
        }
        let garbled = [b"12x\n", &stream[..]].concat();
        assert!(!feed(receiver(shell, &file, tools.as_deref()), &garbled).0);
        let short = format!("3\nabcend {} {} gzip\n", packed.sha256, packed.bytes);
        let (took, said) = feed(receiver(shell, &file, tools.as_deref()), short.as_bytes());
        assert!(!took && said.contains(&format!("3 of {} bytes arrived", packed.bytes)), "{shell:?}: {said}");
        assert_eq!(names(&folder), [""; 0]);

        let (took, said) = feed(receiver(shell, &file, tools.as_deref()), &stream);
        assert!(took && said.is_empty(), "{shell:?}: {said}");
        assert_eq!(names(&folder), ["artifact", "done"], "{shell:?}");
        done_says(&folder, Compression::Gzip);
        fs::create_dir(place.path("into")).expect("a folder");
        run(Command::new("tar").arg("-xzf").arg(&file).arg("-C").arg(place.path("into")));
        assert_eq!(listing(&place.path("into")).len(), listing(&place.path("app")).len());
    }
}

#[test]
fn a_disk_that_takes_no_more_is_named_and_freed() {
    let place = Place::new();
    let (stream, _) = stream(&place);
    let (folder, file) = run_folder(&place);
    // the signal of a file that may not grow is what a test can have without a disk of its own
    let limited = ["sh", "-c", "ulimit -f 64; exec \"$@\"", "limited", "dash"];
    let (took, said) = feed(receiver(&limited, &file, None), &stream);
    assert!(
        !took && said.contains("upload cannot be written (disk full?): ") && said.contains(" MB free on "),
        "{said}"
    );
    assert_eq!(names(&folder), [""; 0]);
}
