//! What both benchmarks measure with, and how they say it. Knows nothing of what is measured.

use std::{
    fs,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// A command that has ended.
pub struct Measured {
    /// From its start to its exit.
    pub took: Duration,
    /// The most memory that its process held: the kernel's `VmHWM`, last seen within 2 ms of its end.
    pub peak_kb: u64,
    pub output: Output,
}

/// Runs a command to its end. It has to exit with `code`.
#[track_caller]
pub fn measure(command: &mut Command, code: i32) -> Measured {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let began = Instant::now();
    let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let pid = child.id();
    let waiting = std::thread::spawn(move || ended(child, began));
    let mut peak_kb = 0;
    while !waiting.is_finished() {
        peak_kb = peak_kb.max(peak(pid).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    let (output, took) = waiting.join().expect("it only waits");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command:?}: {text}");
    Measured { took, peak_kb, output }
}

fn ended(child: Child, began: Instant) -> (Output, Duration) {
    let output = child.wait_with_output().expect("it ends");
    (output, began.elapsed())
}

fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The middle of several times.
pub fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted[sorted.len() / 2]
}

/// `0.64 s (0.61 to 0.70)`.
pub fn spread(times: &[Duration]) -> String {
    let (least, most) = (times.iter().min().expect("one at least"), times.iter().max().expect("one at least"));
    format!("{:.2} s ({:.2} to {:.2})", median(times).as_secs_f64(), least.as_secs_f64(), most.as_secs_f64())
}

/// How many times `one` fits into `other`.
pub fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

/// Whether a goal is reached, as a word for a line.
pub fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "NOT reached" }
}

/// The machine, and the versions of what takes part.
pub fn print_machine(versions: &[(&str, &[&str])]) {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    println!("machine: {cores} cores, {}, load before {load}", model.trim_start_matches([':', ' ', '\t']));
    for (program, args) in versions {
        println!("version: {}", first_line(Command::new(program).args(*args)));
    }
}

fn first_line(command: &mut Command) -> String {
    let output = command.output().expect("it is installed");
    // ssh says it on stderr
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned()
}

/// A number that the caller may set from outside, such as `ROUNDS`.
pub fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}
