//! Hooks: commands of the user before and after steps, and after the decision.

use super::script;
use crate::{
    config::{Hook, HookPoint, HookWhen},
    model::Phase,
    plan::{After, Finish, PlanFile, Step, Undo},
};

/// A step between its hooks, which share its phase and condition.
pub fn step_with_hooks(points: &[HookPoint], step: Step) -> Vec<Step> {
    let (before, after) = beside(points, &step.name);
    let mut steps: Vec<_> = before.map(|hook| hook_step(hook, &format!("before-{}", step.name), &step)).collect();
    let after: Vec<_> = after.map(|hook| hook_step(hook, &format!("after-{}", step.name), &step)).collect();
    steps.push(step);
    steps.extend(after);
    steps
}

/// A finishing step between its hooks: they run when it does, and can only warn.
pub fn finish_with_hooks(points: &[HookPoint], finish: Finish) -> Vec<Finish> {
    let (before, after) = beside(points, &finish.name);
    let mut all: Vec<_> = before.map(|hook| hook_finish(hook, format!("before-{}", finish.name), &finish)).collect();
    let after: Vec<_> = after.map(|hook| hook_finish(hook, format!("after-{}", finish.name), &finish)).collect();
    all.push(finish);
    all.extend(after);
    all
}

/// The hooks after the commit and after a rollback. They can only warn.
pub fn end_hooks(points: &[HookPoint]) -> Vec<Finish> {
    let mut all = Vec::new();
    for point in points {
        let (after, name) = match &point.when {
            HookWhen::AfterCommit => (After::Commit, "after-commit"),
            HookWhen::AfterRollback => (After::Restored, "after-rollback"),
            HookWhen::Before(_) | HookWhen::After(_) => continue,
        };
        let hooks = point.hooks.iter();
        all.extend(hooks.map(|hook| finish(hook, name.to_owned(), Phase::Up, after)));
    }
    all
}

/// The hooks before and after the step of that name.
fn beside<'a>(points: &'a [HookPoint], step: &str) -> (impl Iterator<Item = &'a Hook>, impl Iterator<Item = &'a Hook>) {
    let at = |wanted: HookWhen| points.iter().filter(move |point| point.when == wanted).flat_map(|point| &point.hooks);
    (at(HookWhen::Before(step.to_owned())), at(HookWhen::After(step.to_owned())))
}

fn hook_finish(hook: &Hook, name: String, beside: &Finish) -> Finish {
    Finish { only_if_begun: beside.only_if_begun, ..finish(hook, name, beside.phase, beside.after) }
}

fn finish(hook: &Hook, name: String, phase: Phase, after: After) -> Finish {
    Finish {
        name,
        phase,
        action: script!("steps/hook.sh"),
        after,
        only_if_begun: None,
        required: false,
        params: vec![("HOOK", shown(hook))],
        files: files(hook),
        timeout: hook.timeout,
    }
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
