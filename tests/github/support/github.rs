//! A GitHub that remembers its deployments, and answers as badly as a test wants. It follows GitHub's documentation:
//! <https://docs.github.com/en/rest/deployments/deployments>.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use super::TOKEN;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    List,
    Get,
    Create,
    Statuses,
    Status,
}

/// How it goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing is done, and this is answered.
    Answer(u16, Value),
    /// The same with headers.
    AnswerWith(u16, Value, Vec<(&'static str, String)>),
    /// It is done, but this is answered.
    DoneBut(u16),
    /// This is answered, and it is done so much later.
    DoneAfter(u16, Duration),
    /// It is done, but what is answered is no JSON.
    DoneButGarbage,
    /// No JSON, and nothing done.
    Garbage,
    /// It is done, and answered so late.
    DoneButLate(Duration),
    /// Nothing is done, and there is no answer for so long.
    Silent(Duration),
}

/// A deployment as a person sees it.
#[derive(Debug, Clone)]
pub struct Shown {
    pub id: u64,
    pub request: Value,
    /// Oldest first: `(state, description)`.
    pub statuses: Vec<(String, String)>,
    /// What was posted for them, as it came.
    pub posted: Vec<Value>,
}

impl Shown {
    pub fn states(&self) -> Vec<&str> {
        self.statuses.iter().map(|(state, _)| state.as_str()).collect()
    }

    pub fn last(&self) -> &str {
        self.statuses.last().map_or("", |(state, _)| state)
    }
}

#[derive(Default)]
struct Memory {
    deployments: Vec<Shown>,
    faults: BTreeMap<On, VecDeque<Fault>>,
    always: BTreeMap<On, Fault>,
    asked: Vec<On>,
    /// Where the repository is now, when it is not where it was.
    moved: bool,
    /// What GitHub carries out right after the next status, though it was asked for before.
    overtakes: Option<String>,
    /// Payloads come back as text, as those of old deployments do.
    payload_as_text: bool,
}

/// The server.
pub struct GitHub {
    server: MockServer,
    memory: Arc<Mutex<Memory>>,
    prefix: &'static str,
}

impl GitHub {
    pub async fn start() -> Self {
        Self::start_at("").await
    }

    /// Below a path, as GitHub Enterprise Server has it.
    pub async fn start_at(prefix: &'static str) -> Self {
        let server = MockServer::start().await;
        let memory = Arc::new(Mutex::new(Memory::default()));
        let answers = Answers { memory: Arc::clone(&memory), base: format!("{}{prefix}", server.uri()), prefix };
        Mock::given(any()).respond_with(answers).mount(&server).await;
        Self { server, memory, prefix }
    }

    pub fn api_url(&self) -> String {
        format!("{}{}", self.server.uri(), self.prefix)
    }

    /// The next such request goes wrong.
    pub fn fail(&self, on: On, fault: Fault) {
        self.memory().faults.entry(on).or_default().push_back(fault);
    }

    /// All of them do.
    pub fn fail_always(&self, on: On, fault: Fault) {
        self.memory().always.insert(on, fault);
    }

    /// From now on it is well.
    pub fn mend(&self) {
        let mut memory = self.memory();
        memory.always.clear();
        memory.faults.clear();
    }

    /// From now on the repository answers at its number alone.
    pub fn move_repository(&self) {
        self.memory().moved = true;
    }

    /// After the next status such a one follows, that was asked for earlier.
    pub fn overtake(&self, state: &str) {
        self.memory().overtakes = Some(state.to_owned());
    }

    pub fn tell_payloads_as_text(&self) {
        self.memory().payload_as_text = true;
    }

    /// A deployment that someone made.
    pub fn add(&self, request: Value, states: &[&str]) -> u64 {
        let mut memory = self.memory();
        let id = memory.create(request);
        for state in states {
            memory.deployments[usize::try_from(id).expect("small") - 1]
                .statuses
                .push(((*state).to_owned(), String::new()));
        }
        id
    }

    pub fn deployments(&self) -> Vec<Shown> {
        self.memory().deployments.clone()
    }

    /// The only one.
    #[track_caller]
    pub fn one(&self) -> Shown {
        let all = self.deployments();
        assert_eq!(all.len(), 1, "there is one deployment: {all:#?}");
        all[0].clone()
    }

    /// How often that was asked.
    pub fn asked(&self, on: On) -> usize {
        self.memory().asked.iter().filter(|asked| **asked == on).count()
    }

    pub async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.expect("they are recorded")
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().expect("no panic while held")
    }
}

impl Memory {
    fn create(&mut self, request: Value) -> u64 {
        let id = self.deployments.len() as u64 + 1;
        self.deployments.push(Shown { id, request, statuses: Vec::new(), posted: Vec::new() });
        id
    }

    /// Success sets earlier ones inactive, but for production and transient ones.
    fn post(&mut self, id: u64, status: &Value) -> bool {
        let word = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
        let Some(at) = self.deployments.iter().position(|shown| shown.id == id) else { return false };
        self.deployments[at].statuses.push((word("state"), word("description")));
        self.deployments[at].posted.push(status.clone());
        if let Some(late) = self.overtakes.take() {
            self.deployments[at].statuses.push((late, String::new()));
        }
        if word("state") == "success" && status["auto_inactive"] != false {
            let environment = self.deployments[at].request["environment"].clone();
            for earlier in &mut self.deployments[..at] {
                let is_left = earlier.request["production_environment"] == true
                    || earlier.request["transient_environment"] == true;
                if !is_left && earlier.request["environment"] == environment && earlier.last() == "success" {
                    earlier.statuses.push(("inactive".to_owned(), String::new()));
                }
            }
        }
        true
    }
}

struct Answers {
    memory: Arc<Mutex<Memory>>,
    base: String,
    prefix: &'static str,
}

impl Respond for Answers {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut memory = self.memory.lock().expect("no panic while held");
        if request.headers.get("authorization").is_none_or(|value| value != &format!("Bearer {TOKEN}")) {
            return message(401, "Bad credentials");
        }
        let path = request.url.path().strip_prefix(self.prefix).unwrap_or_default();
        let by_number = path.strip_prefix("/repositories/4711/deployments");
        let Some(rest) = by_number.or_else(|| path.strip_prefix("/repos/acme/shop/deployments")) else {
            return message(404, "Not Found");
        };
        if memory.moved && by_number.is_none() {
            let to = format!("{}/repositories/4711/deployments{rest}", self.base);
            return message(301, "Moved Permanently").insert_header("location", to);
        }
        let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
        let id = parts.first().and_then(|id| id.parse().ok());
        let on = match (request.method.as_str(), id, parts.len()) {
            ("GET", None, 0) => On::List,
            ("POST", None, 0) => On::Create,
            ("GET", Some(_), 1) => On::Get,
            ("GET", Some(_), 2) => On::Statuses,
            ("POST", Some(_), 2) => On::Status,
            _ => return message(404, "Not Found"),
        };
        memory.asked.push(on);
        let fault =
            memory.faults.get_mut(&on).and_then(VecDeque::pop_front).or_else(|| memory.always.get(&on).cloned());
        let mut done = || self.carry_out(&mut memory, on, id.unwrap_or(0), request);
        match fault {
            None => done(),
            Some(Fault::Answer(code, body)) => ResponseTemplate::new(code).set_body_json(body),
            Some(Fault::AnswerWith(code, body, headers)) => {
                headers.into_iter().fold(ResponseTemplate::new(code).set_body_json(body), |answer, (name, value)| {
                    answer.insert_header(name, value)
                })
            }
            Some(Fault::DoneBut(code)) => {
                done();
                ResponseTemplate::new(code).set_body_string("<html>unicorn</html>")
            }
            Some(Fault::DoneAfter(code, late)) => {
                let (memory, body) = (Arc::clone(&self.memory), request.body.clone());
                std::thread::spawn(move || {
                    std::thread::sleep(late);
                    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
                    let mut memory = memory.lock().expect("no panic while held");
                    match on {
                        On::Create => drop(memory.create(asked)),
                        On::Status => assert!(memory.post(id.unwrap_or(0), &asked)),
                        On::List | On::Get | On::Statuses => {}
                    }
                });
                message(code, "Server Error")
            }
            Some(Fault::DoneButGarbage) => {
                done();
                ResponseTemplate::new(200).set_body_string("<html>\u{1b}[31mwelcome\n::error::to the hotel</html>")
            }
            Some(Fault::Garbage) => {
                ResponseTemplate::new(200).set_body_string("<html>\u{1b}[31mwelcome\n::error::to the hotel</html>")
            }
            Some(Fault::DoneButLate(late)) => done().set_delay(late),
            Some(Fault::Silent(late)) => message(500, "late").set_delay(late),
        }
    }
}

impl Answers {
    fn carry_out(&self, memory: &mut Memory, on: On, id: u64, request: &Request) -> ResponseTemplate {
        let query: BTreeMap<String, String> = request.url.query_pairs().into_owned().collect();
        let as_text = memory.payload_as_text;
        match on {
            On::List => {
                let is_wanted = |shown: &&Shown| {
                    query.get("environment").is_none_or(|name| shown.request["environment"] == **name)
                        && query.get("sha").is_none_or(|sha| shown.request["ref"] == **sha)
                };
                let all: Vec<Value> = memory
                    .deployments
                    .iter()
                    .rev()
                    .filter(is_wanted)
                    .map(|shown| self.deployment(shown, as_text))
                    .collect();
                self.page(&all, &query, request)
            }
            On::Get => match memory.deployments.iter().find(|shown| shown.id == id) {
                Some(shown) => ResponseTemplate::new(200).set_body_json(self.deployment(shown, as_text)),
                None => message(404, "Not Found"),
            },
            On::Create => {
                let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                if asked["auto_merge"] != false || asked["required_contexts"] != json!([]) {
                    return message(409, "Conflict merging main into the commit");
                }
                let id = memory.create(asked);
                let shown = &memory.deployments[usize::try_from(id).expect("small") - 1];
                ResponseTemplate::new(201).set_body_json(self.deployment(shown, as_text))
            }
            On::Statuses => {
                let Some(shown) = memory.deployments.iter().find(|shown| shown.id == id) else {
                    return message(404, "Not Found");
                };
                let all: Vec<Value> =
                    shown.statuses.iter().rev().map(|(state, text)| self.status(id, state, text)).collect();
                self.page(&all, &query, request)
            }
            On::Status => {
                let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                let text = asked["description"].as_str().unwrap_or_default().to_owned();
                if text.chars().count() > 140 {
                    return message(422, "Validation Failed");
                }
                if !memory.post(id, &asked) {
                    return message(404, "Not Found");
                }
                let state = asked["state"].as_str().unwrap_or_default();
                ResponseTemplate::new(201).set_body_json(self.status(id, state, &text))
            }
        }
    }

    fn page(&self, all: &[Value], query: &BTreeMap<String, String>, request: &Request) -> ResponseTemplate {
        let number = |name: &str, default| query.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let (size, page): (usize, usize) = (number("per_page", 30), number("page", 1));
        let items: Vec<&Value> = all.iter().skip(size * (page - 1)).take(size).collect();
        let answer = ResponseTemplate::new(200).set_body_json(&items);
        if all.len() > size * page {
            let next = format!("<{}{}?page={}&per_page={size}>; rel=\"next\"", self.base, request.url.path(), page + 1);
            answer.insert_header("link", next)
        } else {
            answer
        }
    }

    fn deployment(&self, shown: &Shown, payload_as_text: bool) -> Value {
        let (asked, base) = (&shown.request, &self.base);
        let payload = &asked["payload"];
        json!({
            "url": format!("{base}/repos/acme/shop/deployments/{}", shown.id),
            "id": shown.id,
            "node_id": "DE_1",
            "sha": asked["ref"],
            "ref": asked["ref"],
            "task": "deploy",
            "payload": if payload_as_text { Value::String(payload.to_string()) } else { payload.clone() },
            "original_environment": asked["environment"],
            "environment": asked["environment"],
            "description": asked["description"],
            "creator": null,
            "created_at": "2026-11-23T10:15:00Z",
            "updated_at": "2026-11-23T10:15:00Z",
            "statuses_url": format!("{base}/repos/acme/shop/deployments/{}/statuses", shown.id),
            "repository_url": format!("{base}/repos/acme/shop"),
            "transient_environment": asked["transient_environment"],
            "production_environment": asked["production_environment"],
        })
    }

    fn status(&self, id: u64, state: &str, description: &str) -> Value {
        let base = &self.base;
        json!({
            "url": format!("{base}/repos/acme/shop/deployments/{id}/statuses/1"),
            "id": 1,
            "node_id": "DES_1",
            "state": state,
            "creator": null,
            "description": description,
            "environment": "staging",
            "target_url": "",
            "created_at": "2026-11-23T10:15:00Z",
            "updated_at": "2026-11-23T10:15:00Z",
            "deployment_url": format!("{base}/repos/acme/shop/deployments/{id}"),
            "repository_url": format!("{base}/repos/acme/shop"),
        })
    }
}

/// GitHub's error.
pub fn message(code: u16, text: &str) -> ResponseTemplate {
    ResponseTemplate::new(code)
        .set_body_json(json!({ "message": text, "documentation_url": "https://docs.github.com/rest" }))
}
