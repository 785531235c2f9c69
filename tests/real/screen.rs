//! What a terminal gets, and what does not count as one.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use super::support::{Site, eventually};

/// What the command writes to a terminal of that kind.
fn on_terminal(site: &Site, environment: &[(&str, &str)], args: &str) -> String {
    let line = format!("{} {args}", env!("CARGO_BIN_EXE_backstay"));
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(&site.runner).env_clear();
    command.env("PATH", std::env::var_os("PATH").expect("there is one")).env("HOME", &site.runner);
    command.envs(environment.iter().copied());
    String::from_utf8_lossy(&command.output().expect("script is of util-linux").stdout).into_owned()
}

#[test]
fn colours_and_bars_are_for_terminals_that_want_them() {
    let site = Site::new();
    let artifact = site.artifact(&[], "1111111");
    let deploy = format!("deploy --artifact {} --dry-run", artifact.display());
    let colour = "\u{1b}[31m";
    let refused = on_terminal(&site, &[("TERM", "xterm")], "deploy --artifact nowhere");
    assert!(refused.contains(colour) && refused.contains("refused"), "{refused:?}");
    let refused = on_terminal(&site, &[("TERM", "xterm"), ("NO_COLOR", "1")], "deploy --artifact nowhere");
    assert!(!refused.contains(colour), "{refused:?}");
    // a bar is there, and clears its line
    assert!(on_terminal(&site, &[("TERM", "xterm")], &deploy).contains("\u{1b}["));
    for (environment, more) in
        [(("TERM", "dumb"), ""), (("TERM", "xterm"), " --progress plain"), (("TERM", "dumb"), " --progress bar")]
    {
        let plain = on_terminal(&site, &[environment, ("NO_COLOR", "1")], &format!("{deploy}{more}"));
        assert!(!plain.contains('\u{1b}'), "{plain:?}");
        assert!(plain.contains("plan · shop → test"), "{plain:?}");
    }
    // where nothing is a terminal, bars that were asked for are lines
    let run = site
        .backstay(&["deploy", "--dry-run", "--progress", "bar", "--artifact", artifact.to_str().expect("ours")])
        .is(0);
    run.says("plan · shop → test");
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
}

#[test]
fn ctrl_c_leaves_no_stale_line_on_a_terminal() {
    let site = Site::with_first();
    let pause = site.pause("before-migrate");
    // what lives is as long as the line allows
    site.configure(&pause.replacen("touch", &format!("echo {}; touch", "x".repeat(200)), 1));
    let artifact = site.artifact(&["good"], "2222222");
    let line = format!(
        "stty cols 80 rows 24; exec {} deploy --artifact {} --revision 2222222",
        env!("CARGO_BIN_EXE_backstay"),
        artifact.display()
    );
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(&site.runner).env_clear().env("TERM", "xterm");
    command.env("PATH", std::env::var_os("PATH").expect("there is one")).env("HOME", &site.runner);
    let output = site.marks.join("screen");
    command.stdin(Stdio::piped()).stdout(std::fs::File::create(&output).expect("ours"));
    let shown = || String::from_utf8_lossy(&std::fs::read(&output).expect("ours")).into_owned();
    let mut child = command.spawn().expect("script is of util-linux");
    site.await_pause("before-migrate");
    eventually("what it prints is shown", || shown().contains("xxx"));
    let mut keys = child.stdin.take().expect("a pipe");
    keys.write_all(b"\x03").expect("it reads");
    child.wait().expect("it ends");
    let shown = shown();
    let (before, after) = shown.split_once("^C").expect("the terminal shows the key");
    let bar = before.rsplit("\u{1b}[2K").next().expect("a line was cleared");
    assert!(bar.contains("xxx") && bar.chars().count() < 78, "{bar:?}: there is room behind what lives");
    assert!(after.starts_with("\r\u{1b}[2K"), "{after:?}: it is cleared with its line");
    assert!(after.contains("cancelled"), "{after:?}");
}

#[test]
fn help_has_the_exit_codes_and_examples_that_the_command_line_takes() {
    let site = Site::new();
    let help = site.backstay(&["--help"]).is(0);
    for code in [" 0 ", " 1 ", " 2 ", " 3 ", "10 ", "11 ", "20 ", "30 ", "75 "] {
        assert!(help.stdout.lines().any(|line| line.trim_start().starts_with(code.trim_start())), "{code}");
    }
    for command in ["plan", "deploy", "settle", "abort", "rollback", "status", "history", "logs"] {
        let help = site.backstay(&[command, "--help"]).is(0);
        let mut examples = 0;
        for example in help.stdout.lines().filter_map(|line| line.strip_prefix("  backstay ")) {
            // as the parser sees it: every option is known; what it then says of environments does not matter
            let example = example
                .split(['#', '|'])
                .next()
                .unwrap_or_default()
                .replace("\"$GITHUB_SHA\"", "x")
                .replace("\"$GITHUB_RUN_ID\"", "x");
            let words: Vec<&str> = example.split_whitespace().collect();
            let run = site.backstay(&words);
            assert!(!run.stderr.contains("Usage:"), "{example}: {}", run.stderr);
            examples += 1;
        }
        assert!(examples > 0, "{command}");
    }
}
