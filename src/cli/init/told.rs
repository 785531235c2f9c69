//! What `init` tells of what it did, for people and for scripts. What comes from the repository is foreign text.

use serde_json::{Value, json};

use super::{
    conflicts::{Finding, conflicts},
    detect::{App, Framework},
    draft::{Draft, File},
};
use crate::report::{escape, json_line, result_line, time};

/// What is told.
pub(super) struct Told<'a> {
    pub(super) app: &'a App,
    pub(super) draft: &'a Draft,
    /// The workflows that were there before: their paths and texts.
    pub(super) old: Vec<(String, Option<String>)>,
    /// The repository's page on GitHub.
    pub(super) page: Option<&'a str>,
    /// Nothing was written.
    pub(super) is_dry: bool,
}

impl Told<'_> {
    /// One JSON line.
    pub(super) fn json(&self) -> String {
        let files = self.draft.files.iter().map(|file| {
            let text = self.is_dry.then_some(&file.text);
            json!({"file": file.path, "change": file.marked(), "text": text})
        });
        let conflicts: Vec<Value> = self.findings().iter().map(|(file, finding)| {
            json!({"file": file, "line": finding.line, "text": finding.text, "rule": finding.rule, "why": finding.why})
        }).collect();
        json_line(
            &json!({"v": 1, "ts": time::now(), "event": "init", "run": null, "framework": self.app.framework.name(),
            "preset": self.preset(), "folder": self.folder(), "dry_run": self.is_dry, "files": files.collect::<Vec<_>>(),
            "kept": self.draft.kept, "conflicts": conflicts, "unread": self.unread()}),
        )
    }

    /// Lines for a person.
    pub(super) fn text(&self) -> String {
        let place = if self.app.folder.is_empty() { "the repository's root" } else { &self.app.folder };
        let mut lines = vec![escape(&format!("{} in {place}, preset {}", self.app.framework.title(), self.preset()))];
        let did = if self.is_dry { "would write" } else { "wrote" };
        let rows = self.draft.files.iter().map(|file| (did, file.path.clone()));
        let kept = self
            .draft
            .kept
            .iter()
            .map(|path| ("kept", format!("{path}: it is there already, nothing in it was changed")));
        lines.extend(rows.chain(kept).map(|(what, path)| row(what, &path)));
        lines.extend(self.unread().iter().map(|path| row("not read", &format!("{path}: it is no text, or too long"))));
        if self.is_dry {
            lines.extend(
                self.draft
                    .files
                    .iter()
                    .flat_map(|file| [String::new(), format!("# {}", escape(&file.path)), shown(file)]),
            );
        }
        lines.extend(self.conflicts());
        lines.extend(self.next());
        lines.join("\n")
    }

    fn folder(&self) -> &str {
        if self.app.folder.is_empty() { "." } else { &self.app.folder }
    }

    fn preset(&self) -> &'static str {
        match self.app.framework {
            Framework::Laravel => "laravel",
            Framework::Rails | Framework::Django | Framework::Custom => "custom",
        }
    }

    fn findings(&self) -> Vec<(&str, Finding)> {
        let texts = self.old.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)));
        texts.flat_map(|(path, text)| conflicts(text).into_iter().map(move |finding| (path, finding))).collect()
    }

    fn unread(&self) -> Vec<&str> {
        self.old.iter().filter(|(_, text)| text.is_none()).map(|(path, _)| path.as_str()).collect()
    }

    fn conflicts(&self) -> Vec<String> {
        let findings = self.findings();
        if findings.is_empty() {
            return Vec::new();
        }
        let mut lines =
            vec![String::new(), "what conflicts with Backstay in the workflows that were there:".to_owned()];
        let mut last = None;
        for (path, finding) in &findings {
            if last != Some((path, finding.line)) {
                let text: String = finding.text.chars().take(160).collect();
                lines.push(format!("  {}", escape(&format!("{path}:{}: {text}", finding.line))));
                last = Some((path, finding.line));
            }
            lines.push(result_line(&format!("      {}: {}", finding.rule, finding.why), 6));
        }
        lines
    }

    fn next(&self) -> Vec<String> {
        let mut steps = Vec::new();
        let marked = self.draft.files.iter().filter(|file| !file.marked().is_empty()).map(|file| {
            let numbers: Vec<String> = file.marked().iter().map(usize::to_string).collect();
            format!("{} in line {}", file.path, numbers.join(", "))
        });
        let marked: Vec<String> = marked.collect();
        if !marked.is_empty() {
            steps.push(format!("set what is marked CHANGE ME: {}", marked.join("; ")));
        }
        if !self.findings().is_empty() {
            steps.push(
                "take the old workflow out of use before the first deploy: two that deploy undo each other's work"
                    .to_owned(),
            );
        }
        let environment = self.draft.environments.first().map_or("production", String::as_str);
        let (here, folder) = (self.app.folder.is_empty(), &self.app.folder);
        let there = if here { String::new() } else { format!("cd {folder} && ") };
        steps.push(format!("see every step without connecting: {there}backstay plan -e {environment}"));
        steps.push(format!("look at the server, which changes nothing and names each missing right: {there}backstay plan --probe -e {environment}"));
        let settings = self.page.map(|page| format!(", under {page}/settings/environments")).unwrap_or_default();
        steps.push(format!("give GitHub the environments with the key{settings}: the workflow's head says how"));
        let numbered =
            steps.iter().enumerate().map(|(at, step)| result_line(&format!("  {}. {}", at + 1, escape(step)), 5));
        [String::new(), "next:".to_owned()].into_iter().chain(numbered).collect()
    }
}

fn row(what: &str, path: &str) -> String {
    result_line(&format!("  {what:<12} {}", escape(path)), 15)
}

/// As it would be written: what is ours is plain, what was found is quoted.
fn shown(file: &File) -> String {
    file.text.lines().map(escape).collect::<Vec<_>>().join("\n")
}
