//! What a step gives to the command that it runs, beside its arguments, and what it keeps of it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    config::Beside,
    model::Event,
    report::{Sink, Story},
};

/// A step's part in a command.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Job {
    /// Inputs that beat the configuration.
    pub(in crate::cli) beside: Beside,
    /// The answer to a question.
    pub(in crate::cli) confirm: Option<String>,
    folder: PathBuf,
    story: Arc<Mutex<Story>>,
}

impl Job {
    pub(super) fn new(folder: PathBuf, story: Story, beside: Beside, confirm: Option<String>) -> Self {
        Self { beside, confirm, folder, story: Arc::new(Mutex::new(story)) }
    }

    /// Takes events in.
    pub(in crate::cli) fn sink(&self) -> Box<dyn Sink> {
        Box::new(self.clone())
    }

    /// A result that was shown.
    pub(in crate::cli) fn show(&self, text: &str) {
        self.change(|story| story.show(text));
    }

    /// Why there will be no outcome.
    pub(in crate::cli) fn fail(&self, text: &str) {
        self.change(|story| story.error = Some(text.to_owned()));
    }

    /// What happened so far.
    pub(super) fn story(&self) -> Story {
        self.lock().clone()
    }

    /// Changes it, and keeps what came of it for the next step. Where that cannot be written the next step knows less: it asks
    /// the target.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Story) -> T) -> T {
        let mut story = self.lock();
        let changed = change(&mut story);
        if let Err(error) = story.write(&self.folder) {
            tracing::warn!("what happened could not be kept: {error}");
        }
        changed
    }

    fn lock(&self) -> MutexGuard<'_, Story> {
        self.story.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Job {
    fn event(&mut self, event: &Event) {
        if Story::takes(event) {
            self.change(|story| story.event(event));
        }
    }
}
