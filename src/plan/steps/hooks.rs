//! Hooks: commands of the user before and after steps, and after the end.

use super::script;
use crate::{
    config::{Hook, HookPoint, HookWhen},
    model::Phase,
    plan::{After, Finish, PlanFile, Step, Undo},
};

/// The hooks before and after a step, as steps that share its phase and condition.
pub fn step_hooks(points: &[HookPoint], step: &Step) -> (Vec<Step>, Vec<Step>) {
    let at = |wanted: &HookWhen, word: &str| -> Vec<Step> {
        let hooks = points.iter().filter(|point| point.when == *wanted).flat_map(|point| &point.hooks);
        hooks.map(|hook| hook_step(hook, &format!("{word}-{}", step.name), step)).collect()
    };
    (at(&HookWhen::Before(step.name.clone()), "before"), at(&HookWhen::After(step.name.clone()), "after"))
}

/// The hooks after the commit and after a rollback. They can only warn.
pub fn finish_hooks(points: &[HookPoint]) -> Vec<Finish> {
    let mut all = Vec::new();
    for point in points {
        let (after, name) = match &point.when {
            HookWhen::AfterCommit => (After::Commit, "after-commit"),
            HookWhen::AfterRollback => (After::Restored, "after-rollback"),
            HookWhen::Before(_) | HookWhen::After(_) => continue,
        };
        all.extend(point.hooks.iter().map(|hook| Finish {
            name: name.to_owned(),
            phase: Phase::Up,
            action: script!("steps/hook.sh"),
            after,
            only_if_begun: None,
            required: false,
            params: vec![("HOOK", shown(hook))],
            files: files(hook),
            timeout: hook.timeout,
        }));
    }
    all
}

fn hook_step(hook: &Hook, name: &str, step: &Step) -> Step {
    Step {
        name: name.to_owned(),
        phase: step.phase,
        action: script!("steps/hook.sh"),
        undo: match hook.undo {
            Some(_) => Undo::Script(script!("steps/hook-undo.sh")),
            None => Undo::Nothing("the hook has no undo"),
        },
        params: vec![("HOOK", shown(hook))],
        files: files(hook),
        only_if: step.only_if,
        timeout: hook.timeout,
    }
}

fn shown(hook: &Hook) -> String {
    hook.name.clone().unwrap_or_else(|| hook.command.lines().next().unwrap_or_default().to_owned())
}

fn files(hook: &Hook) -> Vec<PlanFile> {
    let mut files = vec![PlanFile::text("command", format!("{}\n", hook.command))];
    files.extend(hook.undo.as_ref().map(|undo| PlanFile::text("undo-command", format!("{undo}\n"))));
    files.extend(hook.timeout.map(|timeout| PlanFile::text("undo-timeout", format!("{}\n", timeout.ms() / 10))));
    files
}
