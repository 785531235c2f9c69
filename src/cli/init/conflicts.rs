//! The text of a workflow → its lines that work against Backstay: what opens the site, hides a failure, or touches data that
//! Backstay promises to give back.
//!
//! It reads lines and their indentation, not YAML: a finding has to name a line, and a file that is no YAML has lines too. Only
//! workflows that reach a server are looked at: `|| true` in a linter's job harms nobody.

/// A line and one thing about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// From 1.
    pub(super) line: usize,
    /// The line as it stands there, without blanks around it; foreign text.
    pub(super) text: String,
    /// The rule's name.
    pub(super) rule: &'static str,
    /// What is wrong with it, and what Backstay does instead.
    pub(super) why: String,
}

/// A rule that one command is enough for.
struct Rule {
    name: &'static str,
    is_broken: fn(&str) -> bool,
    why: &'static str,
}

const RULES: [Rule; 10] = [
    Rule {
        name: "hidden-failure",
        is_broken: hides_failure,
        why: "a step that fails is taken for one that went well. Backstay decides by what a command says: leave it out",
    },
    Rule {
        name: "migrates-by-hand",
        is_broken: migrates,
        why: "Backstay migrates itself, once the data are protected. What is migrated here is neither protected nor given back \
              (on a database of tests it does no harm)",
    },
    Rule {
        name: "reverse-migration",
        is_broken: |code| code.contains("migrate:rollback") || code.contains("db:rollback"),
        why: "down() undoes a migration that was done, not one that died half-way, and brings no row back. Backstay gives the old data \
              back as they were",
    },
    Rule {
        name: "restore-in-place",
        is_broken: restores,
        why: "it overwrites the live data, and what dies half-way leaves neither state; tables that the failed migration added stay. \
              Backstay keeps the old state beside the live one and swaps it back",
    },
    Rule {
        name: "dump-in-a-pipe",
        is_broken: |code| dumps(code) && pipes_on(code),
        why: "the exit code is that of the last command: a dump that died looks like a good one. Backstay compares its copy with the \
              live data",
    },
    Rule {
        name: "key-asked-at-deploy",
        is_broken: |code| code.contains("ssh-keyscan"),
        why: "whoever answers at that moment is believed. Backstay takes known_hosts, compared once, and nothing else",
    },
    Rule {
        name: "unchecked-host",
        is_broken: |code| {
            let code = code.replace(' ', "").to_ascii_lowercase();
            [
                "stricthostkeychecking=no",
                "stricthostkeychecking=accept-new",
                "stricthostkeychecking:no",
                "userknownhostsfile=/dev/null",
            ]
            .iter()
            .any(|option| code.contains(option))
                || code.contains("stricthostkeycheckingno")
        },
        why: "whoever answers is given the key's signature and the code. Backstay checks host keys strictly, always",
    },
    Rule {
        name: "cancels-a-deploy",
        is_broken: |code| code.replace(' ', "").contains("cancel-in-progress:true"),
        why: "the next push cuts a deploy off in the middle. Backstay would roll that one back each time: false lets it end",
    },
    Rule {
        name: "asks-a-person",
        is_broken: asks,
        why: "there is no terminal in a job: it waits for ever or goes on with nothing. Approvals are the environment's required reviewers",
    },
    Rule {
        name: "maintenance-by-hand",
        is_broken: |code| has_artisan(code, "up") || has_artisan(code, "down"),
        why: "Backstay sends users to maintenance and back, and lifts it by proof alone: this would open the site over data that are \
              being given back, or close one that is well",
    },
];

/// Every line that conflicts, in order.
pub(super) fn conflicts(text: &str) -> Vec<Finding> {
    let lines: Vec<Line<'_>> = text.lines().enumerate().map(|(number, raw)| Line::new(number + 1, raw)).collect();
    if !lines.iter().any(|line| !line.is_prose() && reaches_a_server(line.code)) {
        return Vec::new();
    }
    let commands = commands(&lines);
    let mut findings: Vec<Finding> = Vec::new();
    for command in &commands {
        let broken = RULES.iter().filter(|rule| (rule.is_broken)(&command.code));
        findings.extend(broken.map(|rule| command.first.finding(rule.name, rule.why.to_owned())));
    }
    findings.extend(early_dumps(&commands));
    for (at, line) in lines.iter().enumerate() {
        findings.extend(conditions(&lines, at, line));
    }
    if !lines.iter().any(|line| line.code.trim_start().starts_with("concurrency:")) {
        let why = "two deploys may run at once. Backstay turns the second one away; one `concurrency` group for each environment lets it \
                   wait";
        let jobs = lines.iter().find(|line| line.code.starts_with("jobs:")).or(lines.first());
        findings.extend(jobs.map(|line| line.finding("no-concurrency", why.to_owned())));
    }
    // a condition says more of a step than its commands do
    let told: Vec<usize> =
        findings.iter().filter(|finding| finding.rule == "opens-always").map(|finding| finding.line).collect();
    findings.sort_by_key(|finding| (finding.line, !told.contains(&finding.line)));
    findings
}

struct Line<'a> {
    number: usize,
    raw: &'a str,
    /// Without comments.
    code: &'a str,
}

impl<'a> Line<'a> {
    fn new(number: usize, raw: &'a str) -> Self {
        Self { number, raw, code: without_comment(raw) }
    }

    fn is_blank(&self) -> bool {
        self.code.trim().is_empty()
    }

    /// A name or a description: words about commands are none.
    fn is_prose(&self) -> bool {
        let key = self.code.trim_start().trim_start_matches("- ").trim_start();
        key.starts_with("name:") || key.starts_with("description:")
    }

    fn indent(&self) -> usize {
        self.code.len() - self.code.trim_start().len()
    }

    /// Where its key begins: behind the dash of a list's entry.
    fn key_column(&self) -> usize {
        let code = self.code.trim_start();
        match code.strip_prefix("- ") {
            Some(rest) => self.indent() + 2 + (rest.len() - rest.trim_start().len()),
            None => self.indent(),
        }
    }

    fn finding(&self, rule: &'static str, why: String) -> Finding {
        Finding { line: self.number, text: self.raw.trim().to_owned(), rule, why }
    }
}

/// YAML's and the shell's comments are the same: a `#` at the start or behind a blank, outside of quotes.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '#' && before.is_whitespace() => return &line[..at],
            // an apostrophe inside of a word opens nothing
            None if matches!(c, '\'' | '"') && !before.is_alphanumeric() => quote = Some(c),
            None => {}
        }
        before = c;
    }
    line
}

/// A command of a script with all its lines, or any other line.
struct Command<'a> {
    first: &'a Line<'a>,
    code: String,
}

/// Lines that go on below are one: behind `\` or a pipe, and before a pipe.
fn commands<'a>(lines: &'a [Line<'a>]) -> Vec<Command<'a>> {
    let mut commands: Vec<Command<'a>> = Vec::new();
    let mut goes_on = false;
    for line in lines.iter().filter(|line| !line.is_blank() && !line.is_prose()) {
        let code = line.code.trim();
        match commands.last_mut().filter(|_| goes_on || code.starts_with('|') || code.starts_with("&&")) {
            Some(command) => {
                command.code.push(' ');
                command.code.push_str(code.trim_end_matches('\\'));
            }
            None => commands.push(Command { first: line, code: code.trim_end_matches('\\').to_owned() }),
        }
        // `run: |` begins a script
        goes_on = code.ends_with('\\') || code.ends_with('|') && !code.ends_with(": |") && code != "|";
    }
    commands
}

/// A workflow that does something on a server.
fn reaches_a_server(code: &str) -> bool {
    let by_name = ["ssh", "rsync", "scp", "sftp", "lftp", "dep", "cap", "kamal", "envoy"];
    by_name.iter().any(|name| runs(code, name))
        || code.contains("uses:")
            && ["ssh-action", "ssh-deploy", "scp-action", "ssh-agent", "rsync", "deployphp"]
                .iter()
                .any(|name| code.contains(name))
        || code.contains("ssh-keyscan")
        || has_artisan(code, "down")
}

/// Whether a program of that name is called with something.
fn runs(code: &str, program: &str) -> bool {
    code.match_indices(program).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + program.len()..];
        before.is_none_or(|c| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '(' | '`' | '|' | ';' | '&'))
            && after.starts_with([' ', '\t'])
            && !code[..at].trim_end().ends_with("name:")
    })
}

/// `artisan <command>`, by whatever PHP.
fn has_artisan(code: &str, command: &str) -> bool {
    code.match_indices("artisan ").any(|(at, lead)| {
        let rest = code[at + lead.len()..].trim_start();
        rest.strip_prefix(command)
            .is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, ':' | '-' | '_')))
    })
}

fn hides_failure(code: &str) -> bool {
    let packed = code.replace(' ', "");
    let ends = |what: &str| {
        packed
            .match_indices(what)
            .any(|(at, _)| !packed[at + what.len()..].starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    ends("||true")
        || ends("||:")
        || ends("||exit0")
        || ends("||/bin/true")
        || ends(";true")
        || packed.contains("continue-on-error:true")
        || packed.starts_with("set+e")
        || packed.contains(";set+e")
}

fn migrates(code: &str) -> bool {
    let django = code.contains("manage.py migrate") && !code.contains("--check") && !code.contains("--plan");
    let rails =
        (code.contains("rails db:migrate") || code.contains("rake db:migrate")) && !code.contains("db:migrate:status");
    let laravel = ["migrate", "migrate:fresh", "migrate:refresh"].iter().any(|command| has_artisan(code, command));
    laravel && !code.contains("--pretend") || rails || django
}

const CLIENTS: [&str; 4] = ["mysql", "mariadb", "psql", "sqlite3"];

fn restores(code: &str) -> bool {
    let is_fed = |client: &&str| {
        code.match_indices(*client).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            let after = &code[at + client.len()..];
            let is_program = before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.'))
                && after.starts_with(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
            let is_piped = code[..at].trim_end().ends_with('|');
            let reads = after.contains('<') && !after.contains("<<") && !after.contains("<(");
            is_program && (is_piped || reads)
        })
    };
    CLIENTS.iter().any(is_fed) || runs(code, "pg_restore") || runs(code, "myloader") || code.contains("backup:restore")
}

fn dumps(code: &str) -> bool {
    let programs = ["mysqldump", "mariadb-dump", "mydumper", "pg_dump", "pg_dumpall"];
    programs.iter().any(|program| runs(code, program))
        || has_artisan(code, "backup:run")
        || has_artisan(code, "db:backup")
}

fn pipes_on(code: &str) -> bool {
    code.replace("||", "").contains('|')
}

fn asks(code: &str) -> bool {
    code.match_indices("read ").any(|(at, lead)| {
        let is_command =
            code[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '&' | '('));
        let options = code[at + lead.len()..].split_whitespace().take_while(|word| word.starts_with('-'));
        is_command && options.into_iter().any(|word| !word.starts_with("--") && word.contains('p'))
    })
}

/// Dumps that are taken while users write.
fn early_dumps(commands: &[Command<'_>]) -> Vec<Finding> {
    let down = commands.iter().position(|command| has_artisan(&command.code, "down"));
    let early =
        commands.iter().enumerate().filter(|(at, command)| dumps(&command.code) && down.is_none_or(|down| *at < down));
    let why = match down.map(|down| commands[down].first.number) {
        Some(line) => format!(
            "users go on writing until maintenance begins in line {line}: whoever goes back to this dump loses that. Backstay seals its \
             copy in maintenance"
        ),
        None => "users write while it is taken: whoever goes back to this dump loses that. Backstay seals its copy in maintenance".to_owned(),
    };
    early.map(|(_, command)| command.first.finding("backup-before-maintenance", why.clone())).collect()
}

/// What stands behind an `if` that holds after a failure.
fn conditions(lines: &[Line<'_>], at: usize, line: &Line<'_>) -> Option<Finding> {
    let key = line.code.trim_start().trim_start_matches("- ").trim_start();
    let condition = key.strip_prefix("if:")?;
    let block = block(lines, at);
    let any = |does: &dyn Fn(&str) -> bool| block.iter().any(|line| does(line.code));
    if (condition.contains("always()") || condition.contains("!cancelled()")) && any(&|code| has_artisan(code, "up")) {
        let why = "it opens the site whatever happened before, also over data that are half restored. Backstay leaves maintenance only \
                   when the old or the new version is proven to be well";
        return Some(line.finding("opens-always", why.to_owned()));
    }
    let goes_back = |code: &str| {
        code.to_ascii_lowercase().contains("rollback")
            || code.to_ascii_lowercase().contains("roll back")
            || restores(code)
            || code.contains("artisan ")
            || code.contains("ln -s")
            || code.contains("git reset")
            || runs(code, "ssh")
    };
    if (condition.contains("failure()") || condition.contains("always()")) && any(&goes_back) {
        let why = "this runs on the machine that is most likely to be gone: not when the job is cancelled or its runner dies. The server \
                   rolls back by itself";
        return Some(line.finding("rollback-by-the-runner", why.to_owned()));
    }
    None
}

/// The lines of the step or job whose key is on that line.
fn block<'a, 'b>(lines: &'b [Line<'a>], at: usize) -> &'b [Line<'a>] {
    let column = lines[at].key_column();
    let begins_entry = |line: &Line<'_>| line.indent() < column;
    let mut first = at;
    while first > 0 && (lines[first].is_blank() || !begins_entry(&lines[first])) {
        let above = &lines[first - 1];
        if !above.is_blank() && above.key_column() < column {
            break;
        }
        first -= 1;
    }
    let end = lines[at + 1..].iter().position(|line| !line.is_blank() && line.indent() < column);
    &lines[first..end.map_or(lines.len(), |end| at + 1 + end)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OLD: &str = include_str!("../../../tests/fixtures/workflows/deploy-backend.yml");

    /// `# expect: rule rule` stands above each line that conflicts.
    fn expected(text: &str) -> Vec<(usize, String)> {
        let marks =
            text.lines().enumerate().filter_map(|(at, line)| Some((at + 2, line.trim().strip_prefix("# expect: ")?)));
        let mut expected: Vec<_> =
            marks.flat_map(|(line, rules)| rules.split(' ').map(move |rule| (line, rule.to_owned()))).collect();
        expected.sort();
        expected
    }

    #[test]
    fn every_marked_line_of_the_old_workflow_is_found_and_no_other() {
        let mut found: Vec<_> =
            conflicts(OLD).into_iter().map(|finding| (finding.line, finding.rule.to_owned())).collect();
        found.sort();
        assert_eq!(found, expected(OLD));
    }

    #[test]
    fn every_rule_is_in_the_old_workflow() {
        let found: Vec<&str> = conflicts(OLD).into_iter().map(|finding| finding.rule).collect();
        let others = ["backup-before-maintenance", "opens-always", "rollback-by-the-runner", "no-concurrency"];
        // the old one has a group that cancels, so it cannot lack one
        for rule in RULES.iter().map(|rule| rule.name).chain(others).filter(|rule| *rule != "no-concurrency") {
            assert!(found.contains(&rule), "{rule}");
        }
    }

    #[test]
    fn a_deploy_without_concurrency_is_told_at_its_jobs() {
        let text = "on: push\njobs:\n  deploy:\n    steps:\n      - run: rsync -a . server:/var/www\n";
        let found: Vec<_> = conflicts(text).into_iter().map(|finding| (finding.line, finding.rule)).collect();
        assert_eq!(found, [(2, "no-concurrency")]);
    }

    #[test]
    fn a_workflow_that_reaches_no_server_is_left_alone() {
        let text = "on: push\nconcurrency: { group: ci, cancel-in-progress: true }\njobs:\n  test:\n    steps:\n      - run: php artisan migrate --force || true\n        continue-on-error: true\n";
        assert_eq!(conflicts(text), []);
    }

    #[test]
    fn our_own_workflows_conflict_with_nothing() {
        for text in
            [include_str!("../../../workflows/deploy-backend.yml"), include_str!("../../../workflows/restore-test.yml")]
        {
            let with_a_server = format!("{text}\n      - run: ssh server true\n");
            assert_eq!(conflicts(&with_a_server), []);
        }
    }

    #[test]
    fn what_only_looks_like_it_is_no_finding() {
        let rest = [
            "# mysqldump shop | gzip > x.gz || true",
            "echo ok # || true",
            "php artisan migrate:status",
            "php artisan uptime",
            "mysql -e 'SELECT 1'",
            "mysqldump --version",
            "read -r line",
            "spread -p",
            "true",
            "test -f x || trueish",
        ];
        for command in rest.iter().filter(|command| !command.starts_with("mysqldump")) {
            let text = format!(
                "concurrency: x\njobs:\n  a:\n    steps:\n      - run: ssh server true\n      - run: |\n          {command}\n"
            );
            assert_eq!(conflicts(&text), [], "{command}");
        }
    }

    #[test]
    fn words_about_commands_are_no_commands() {
        let text = "name: Deploy by ssh or rsync to the server\njobs:\n  a:\n    steps:\n      - name: not ssh here\n        run: true || true\n";
        assert_eq!(conflicts(text), []);
        let text = format!("{text}      - run: ssh server true\n");
        assert!(conflicts(&text).iter().all(|finding| finding.line != 1 && finding.line != 5));
    }

    proptest! {
        #[test]
        fn any_text_is_gone_through_and_every_finding_has_its_line(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "\n", "\n", "\n  ", "\n    - ", "- ", "if: always()", "if: failure()", "run: |", "php artisan up", "artisan down", "ssh s ", " || true",
                    "|", "\\", "#", "'", "\"", "ä", "read -p", "mysqldump x", "| mysql", "jobs:", "concurrency:", ":", " ", "\t", "\r\n",
                ]),
                0..60,
            )
        ) {
            let text = format!("ssh s x\n{}", parts.concat());
            for finding in conflicts(&text) {
                let line = text.lines().nth(finding.line - 1).expect("the line is there");
                prop_assert_eq!(line.trim(), finding.text);
            }
        }
    }

    #[test]
    fn a_notice_after_a_failure_is_no_rollback() {
        let text = "concurrency: x\njobs:\n  a:\n    steps:\n      - run: ssh server true\n      - name: tell us\n        if: failure()\n        run: curl https://example.com\n      - run: php artisan about\n";
        assert_eq!(conflicts(text), []);
    }

    #[test]
    fn a_condition_is_judged_by_its_own_step_alone() {
        for (condition, step) in [
            ("        if: always()\n", "      - name: open\n        run: ssh s php artisan up\n"),
            ("      - if: always()\n", "        run: ssh s php artisan up\n"),
        ] {
            let (step_first, at) = if condition.starts_with("      -") {
                (String::new(), 5)
            } else {
                ("      - name: open\n".to_owned(), 6)
            };
            let rest = step.trim_start_matches("      - name: open\n");
            let text =
                format!("concurrency: x\njobs:\n  a:\n    steps:\n{step_first}{condition}{rest}      - run: b\n");
            let found: Vec<_> = conflicts(&text).into_iter().map(|finding| (finding.line, finding.rule)).collect();
            assert_eq!(found, [(at, "opens-always"), (at + 1, "maintenance-by-hand")], "{text}");
        }
    }
}
