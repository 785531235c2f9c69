//! The crontab lines, or the timer, that bring a run to its end when nobody else does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::support::{Ground, judge, under_each_shell};

const OTHERS: &str = "# mine\n0 3 * * * /opt/backup 50% # backstay 2025\n";

fn run_line(ground: &Ground) -> Command {
    let table = ground.says("crontab");
    let line = table.lines().find(|line| line.starts_with("* * * * * sh ")).expect("the guard's line");
    // what cron does to a command
    let command = line.trim_start_matches("* * * * * ").replace("\\%", "%");
    from_nowhere(ground, &["-c", &command])
}

/// With hardly a variable.
fn from_nowhere(ground: &Ground, args: &[&str]) -> Command {
    let mut command = ground.command(&ground.sh());
    command.env_clear().env("HOME", "/nowhere").env("PATH", ground.path_variable()).args(args);
    command
}

/// What lies among the units of the user's own systemd.
fn units(ground: &Ground) -> Vec<PathBuf> {
    let folder = ground.home.join(".config/systemd/user");
    let folders = [folder.clone(), folder.join("timers.target.wants")];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    let mut units: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| !path.is_dir()).collect();
    units.sort();
    units
}

/// What systemd does to a command: words, quoted or not, and what % and $ are doubled for.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), line);
    while let Some(first) = rest.chars().next() {
        let mut word = String::new();
        let mut letters = rest.char_indices().skip(usize::from(matches!(first, '\'' | '"')));
        let mut end = rest.len();
        while let Some((at, letter)) = letters.next() {
            if letter == first && matches!(first, '\'' | '"') || letter == ' ' && !matches!(first, '\'' | '"') {
                end = at + 1;
                break;
            }
            word.push(if letter == '\\' && first == '"' { letters.next().expect("it goes on").1 } else { letter });
        }
        words.push(word.replace("%%", "%").replace("$$", "$"));
        rest = rest[end..].trim_start();
    }
    words
}

#[test]
fn the_timers_command_alone_brings_a_run_to_its_end() {
    under_each_shell(|shell| {
        let mut ground = Ground::new(shell);
        ground.path = ground.home.join("50%h of \"$HOME\" \\n it's");
        fs::create_dir(&ground.path).expect("a folder");
        ground.tell("crontab-fails", "");
        ground.tell("has-systemd", "");
        ground.die_in("do code");
        let [service, timer, link] = &units(&ground)[..] else { panic!("{shell}: {:?}", units(&ground)) };
        assert_eq!(fs::canonicalize(link).expect("it leads somewhere"), *timer, "{shell}");
        let name = timer.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(
            ground
                .says("systemctl")
                .lines()
                .any(|line| { line.starts_with("/run/user/") && line.ends_with(&format!(": --user start {name}")) })
        );
        let text = fs::read_to_string(service).expect("ours");
        let command = words(text.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command"));
        let decided = ground.facts();
        let args: Vec<&str> = command[1..].iter().map(String::as_str).collect();
        assert!(from_nowhere(&ground, &args).status().expect("it runs").success(), "{shell}: {command:?}");
        assert_eq!(units(&ground), Vec::<PathBuf>::new(), "{shell}");
        let told = ground.says("systemctl");
        assert!(
            told.contains(&format!(": --user stop {name}\n")) && told.ends_with(": --user daemon-reload\n"),
            "{told}"
        );
        judge(&ground, &decided, &shell.to_string());
    });
}

/// The lines of a run in that folder.
fn lines(folder: &Path) -> String {
    let quoted = folder.display().to_string().replace('\'', "'\\''").replace('%', "\\%");
    let run = folder.file_name().expect("a name").display();
    let line = format!("sh '{quoted}/executor' recover >>'{quoted}/executor.log' 2>&1 # backstay {run}\n");
    format!("* * * * * {line}@reboot {line}")
}

#[test]
fn what_is_left_of_runs_that_are_gone_goes_with_the_next_guard() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        let of = |place: &str| ground.home.join(place).join(".backstay/runs/20250101T000000Z-old");
        let (gone, there, unmounted) = (of("it's 50% gone"), of("there"), of("disk/app"));
        fs::create_dir_all(&there).expect("a folder");
        fs::create_dir(ground.home.join("disk")).expect("a folder");
        let mine = lines(&gone).replace(" recover ", " recover --mine ") + &lines(&gone).replace("-old\n", "-other\n");
        let stays = [OTHERS, &mine, &lines(&there), &lines(&unmounted)].concat();
        ground.tell("crontab", &format!("{}{stays}", lines(&gone)));
        let folder = ground.home.join(".config/systemd/user");
        fs::create_dir_all(&folder).expect("a folder");
        for (name, first) in [
            ("gone", format!("# backstay {}", gone.display())),
            ("there", format!("# backstay {}", there.display())),
            ("mine", "[Unit]".to_owned()),
        ] {
            for kind in ["service", "timer"] {
                fs::write(folder.join(format!("backstay-{name}.{kind}")), format!("{first}\n")).expect("a file");
            }
        }
        ground.deploy();
        assert_eq!(ground.end(), "committed", "{shell}");
        assert_eq!(ground.says("crontab"), stays, "{shell}");
        let names: Vec<String> = units(&ground)
            .iter()
            .map(|unit| unit.file_name().expect("a name").to_string_lossy().into_owned())
            .collect();
        assert_eq!(
            names,
            ["backstay-mine.service", "backstay-mine.timer", "backstay-there.service", "backstay-there.timer"]
        );
    });
}

#[test]
fn a_cron_that_looks_in_the_second_of_the_change_sees_it_a_second_later() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("code", "sleep 1.5 2>/dev/null || sleep 2");
        ground.deploy();
        let written = ground.says("crontab-written");
        let written: Vec<f64> = written.lines().map(|at| at.parse().expect("a time")).collect();
        assert!(written.len() >= 2 && written[1] - written[0] >= 1.0, "{shell}: {written:?}");
        // one that comes when the run has ended leaves nothing
        let ground = Ground::new(shell);
        ground.deploy();
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!((ground.says("crontab").as_str(), ground.end()), ("", "committed"), "{shell}");
    });
}

#[test]
fn the_guards_line_alone_brings_a_run_to_its_end() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.tell("crontab", OTHERS);
        ground.die_in("do code");
        assert!(ground.says("crontab").starts_with(OTHERS), "{shell}");
        assert_eq!(ground.says("crontab").matches("@reboot").count(), 1, "{shell}");
        let decided = ground.facts();
        assert!(run_line(&ground).status().expect("it runs").success(), "{shell}");
        assert_eq!(ground.says("crontab"), OTHERS, "{shell}: others' lines are as they were");
        ground.untell("crontab");
        judge(&ground, &decided, &shell.to_string());
    });
}

#[test]
fn a_crontab_that_cannot_be_read_is_not_replaced() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("code", "touch \"$HOME/crontab-fails\"; exit 1");
        ground.tell("crontab", OTHERS);
        ground.deploy();
        assert_eq!(ground.end(), "rolled-back", "{shell}");
        assert!(ground.says("crontab").starts_with(OTHERS), "{shell}");
        // the lines that are left do nothing but try again
        let (journal, line) = (ground.journal_bytes(), run_line(&ground));
        ground.untell("crontab-fails");
        { line }.status().expect("it runs");
        assert_eq!(ground.says("crontab"), OTHERS, "{shell}");
        assert_eq!(ground.journal_bytes(), journal, "{shell}");
    });
}

#[test]
fn a_guard_that_was_asked_for_by_name_and_cannot_be_had_refuses() {
    under_each_shell(|shell| {
        for (guard, begins) in [("cron", false), ("systemd", false), ("auto", true)] {
            let mut ground = Ground::new(shell);
            ground.plan.settings.guard = guard;
            ground.tell("crontab-fails", "");
            ground.deploy();
            assert_eq!(!ground.says("trace").is_empty(), begins, "{shell} {guard}");
        }
    });
}
