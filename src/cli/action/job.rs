//! What a step gives to the command that it runs, beside its arguments, and what it keeps and tells of it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::inputs::Inputs;
use crate::{
    config::{Beside, Config, Secret},
    github::{Announcement, Context, Deployments, Ending, Status},
    model::Event,
    report::{Conclusion, Sink, Story},
};

/// The commands that put a version live: each is a deployment.
const VERSIONS: [&str; 2] = ["deploy", "rollback"];

/// A step's part in a command.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Job {
    /// Inputs that beat the configuration.
    pub(in crate::cli) beside: Beside,
    /// The answer to a question.
    pub(in crate::cli) confirm: Option<String>,
    folder: PathBuf,
    context: Arc<Context>,
    token: Option<Secret>,
    story: Arc<Mutex<Story>>,
    announced: Arc<Mutex<Announced>>,
}

/// What GitHub is told of.
#[derive(Debug, Default)]
enum Announced {
    #[default]
    Nothing,
    /// Of this, once there is something to tell.
    Planned(Announcement),
    /// Of this.
    Begun(Deployments),
}

impl Job {
    pub(super) fn new(context: &Context, inputs: &Inputs, beside: Beside, story: Story) -> Self {
        Self {
            beside,
            confirm: inputs.confirm.clone(),
            folder: inputs.folder.clone(),
            context: Arc::new(context.clone()),
            token: inputs.github_token.clone(),
            story: Arc::new(Mutex::new(story)),
            announced: Arc::default(),
        }
    }

    /// Takes events in.
    pub(in crate::cli) fn sink(&self) -> Box<dyn Sink> {
        Box::new(self.clone())
    }

    /// A result that was shown.
    pub(in crate::cli) fn show(&self, text: &str) {
        self.change(|story| story.show(text));
    }

    /// How it ended, where no outcome of a run says it.
    pub(in crate::cli) fn conclude(&self, conclusion: Conclusion) {
        self.change(|story| story.conclusion = Some(conclusion));
    }

    /// Why there will be no outcome.
    pub(in crate::cli) fn fail(&self, text: &str) {
        self.change(|story| story.error = Some(text.to_owned()));
    }

    /// From here on GitHub is told, where this command puts a version live and the token is given.
    pub(in crate::cli) fn announce(&self, config: &Config, command: &str) {
        if !VERSIONS.contains(&command) {
            return;
        }
        let environment = &config.environment;
        let announcement = Announcement {
            app: config.app.clone(),
            environment: environment.name.clone(),
            environment_url: environment.url.clone(),
            description: format!("backstay {command}: {} → {}", config.app, environment.name),
            // a deploy and its rollback in one job are two
            key: format!("{}/{command}", self.context.key()),
            reference: self.reference(),
            production: environment.production,
            transient: false,
        };
        *locked(&self.announced) = Announced::Planned(announcement);
    }

    /// The commit that is deployed: one that is not named whole is what triggered the workflow.
    fn reference(&self) -> String {
        let is_commit = |revision: &String| revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit());
        self.story().revision.filter(is_commit).unwrap_or_else(|| self.context.sha.clone())
    }

    /// Tells GitHub something; the first time it learns of the deployment.
    fn tell(&self, status: Status) {
        let Some(token) = self.token.clone() else { return };
        let mut announced = locked(&self.announced);
        if let Announced::Planned(announcement) = &*announced {
            let announcement = Announcement { reference: self.reference(), ..announcement.clone() };
            *announced = Announced::Begun(Deployments::begin(&self.context, token, announcement));
        }
        if let Announced::Begun(deployments) = &mut *announced {
            deployments.tell(status);
        }
    }

    /// Tells GitHub how it ended, for so long at most; a warning where GitHub cannot be told.
    pub(super) async fn tell_end(&self, within: Duration) -> Option<String> {
        let end = Ending::of(&self.story().ending?.report());
        let deployments = match (std::mem::take(&mut *locked(&self.announced)), self.token.clone()) {
            (Announced::Begun(deployments), _) => deployments,
            (Announced::Planned(announcement), Some(token)) => Deployments::begin(&self.context, token, announcement),
            (Announced::Planned(_), None) | (Announced::Nothing, _) => return None,
        };
        let closed = deployments.close(end, within).await;
        self.change(|story| story.is_told = closed.warning.is_none());
        closed.warning
    }

    /// What happened so far.
    pub(super) fn story(&self) -> Story {
        locked(&self.story).clone()
    }

    /// Changes it, and keeps what came of it for the next step. Where that cannot be written the next step knows less: it asks
    /// the target.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Story) -> T) -> T {
        let mut story = locked(&self.story);
        let changed = change(&mut story);
        if let Err(error) = story.write(&self.folder) {
            tracing::warn!("what happened could not be kept: {error}");
        }
        changed
    }
}

impl Sink for Job {
    fn event(&mut self, event: &Event) {
        if Story::takes(event) {
            self.change(|story| story.event(event));
        }
        if let Some(status) = Status::of(&event.kind) {
            self.tell(status);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
