//! What the app prints is shown, never obeyed, and takes no memory.

#[expect(dead_code, reason = "benchmarks need more of it")]
#[path = "../../../benches/measure/mod.rs"]
mod measure;

use measure::measure;

use super::{End, Target};
use crate::support::{Site, backstay};

/// What the runner may hold.
const PEAK_MAX_KB: u64 = 40 * 1024;

/// Runs it and judges what it says on both streams; answers with that.
#[track_caller]
fn say(site: &Site, args: &[&str], code: i32) -> String {
    let measured = measure(&mut backstay(&site.runner, args), code);
    println!("{args:?}: {} kB at most", measured.peak_kb);
    assert!(measured.peak_kb <= PEAK_MAX_KB, "{args:?} took {} kB", measured.peak_kb);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("all of it is text");
    let (stdout, stderr) = (text(&measured.output.stdout), text(&measured.output.stderr));
    for line in stdout.lines().chain(stderr.lines()) {
        let is_plain = |c: char| !c.is_control() && c != '\u{202e}';
        let shown: String = line.chars().take(300).collect();
        assert!(line.chars().all(is_plain), "{shown:?}");
        assert!(!line.trim_start().starts_with("::") && !line.contains("##[") && !line.contains("##vso["), "{shown:?}");
    }
    stdout + &stderr
}

#[test]
fn what_the_app_prints_is_shown_and_not_obeyed_and_takes_no_memory() {
    let target = Target::new(Site::with_mariadb());
    let artifact = target.artifact(&["loud"], "2222222").display().to_string();
    let args = ["deploy", "--artifact", &artifact, "--revision", "2222222"];
    let said = target.cut(|| say(&target, &args, 10));
    println!("{said}");
    assert!(said.contains("the end: ") && said.len() < 100_000, "{} bytes", said.len());
    target.judge(End::RolledBack);
    let said = say(&target, &[&args[..], &["--json"]].concat(), 10);
    assert!(said.contains("\"event\":\"step-output\"") && said.len() < 200_000, "{} bytes: {said}", said.len());
    for args in
        [&["logs"][..], &["logs", "--json"], &["status"], &["status", "--json"], &["history"], &["history", "--json"]]
    {
        let said = say(&target, args, 0);
        assert!(said.contains("shown"), "{args:?}");
    }
}
