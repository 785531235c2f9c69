//! What a deploy costs beside its steps: twelve that do nothing, over a real sshd, next to plain ssh; the size of the
//! binary; the memory of the runner. Run by `./dev bench overhead`; `ROUNDS` says how often, seven times otherwise.

#[path = "../measure/mod.rs"]
mod measure;
#[path = "../../tests/real/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod support;
mod ways;

use std::{fs, path::PathBuf, time::Duration};

use measure::{median, print_machine, ratio, setting, spread, verdict};
use support::{command::binary, proxy::Proxy, servers};
use ways::Host;

/// What `DEVELOPERS.md` promises, at a round trip of [`FAR`].
const OF_CALL_EACH_MAX: f64 = 0.6;
const OF_ONE_CALL_MAX: f64 = 2.0;
const FAR: Duration = Duration::from_millis(50);
const BINARY_MAX_MB: f64 = 12.0;
const PEAK_MAX_MB: f64 = 40.0;
/// The size of the large artifact; random, so that packing makes it no smaller.
const LARGE_MB: usize = 200;

fn main() {
    let rounds = setting("ROUNDS", 7);
    print_machine(&[("ssh", &["-V"]), (&binary().to_string_lossy(), &["--version"])]);
    println!("twelve steps that do nothing, {rounds} rounds, median (least to most)\n");
    for round_trip in [Duration::ZERO, FAR] {
        compare(round_trip, rounds);
    }
    weigh();
}

fn compare(round_trip: Duration, rounds: usize) {
    let port = Proxy::start(servers().ssh_port, round_trip).port;
    let host = Host::new(&round_trip.as_millis().to_string(), port);
    // once unmeasured: pages are read, folders made
    host.deploy();
    host.one_call();
    let (mut ours, mut one, mut each) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(host.deploy().took);
        one.push(host.one_call());
        each.push(host.call_each());
    }
    let (of_one, of_each) = (ratio(median(&ours), median(&one)), ratio(median(&ours), median(&each)));
    println!("round trip {} ms", round_trip.as_millis());
    println!("  backstay deploy, start to exit      {}", spread(&ours));
    println!("  (a) one ssh call, one script        {}", spread(&one));
    println!("  (b) multiplexed ssh for each step   {}", spread(&each));
    if round_trip == FAR {
        let (reached_one, reached_each) = (verdict(of_one <= OF_ONE_CALL_MAX), verdict(of_each <= OF_CALL_EACH_MAX));
        println!("  of (a): {of_one:.2} times, at most {OF_ONE_CALL_MAX} wanted: {reached_one}");
        println!("  of (b): {of_each:.2} times, at most {OF_CALL_EACH_MAX} wanted: {reached_each}\n");
    } else {
        println!("  of (a): {of_one:.2} times, of (b): {of_each:.2} times\n");
    }
}

fn weigh() {
    let bytes = fs::metadata(binary()).expect("it is built").len();
    let size_mb = mb(bytes / 1024);
    println!(
        "binary, stripped: {size_mb:.1} MB, at most {BINARY_MAX_MB} wanted: {}",
        verdict(size_mb <= BINARY_MAX_MB)
    );
    let host = Host::new("weighed", servers().ssh_port);
    let steps_mb = mb(host.deploy().peak_kb);
    println!(
        "peak memory, twelve steps: {steps_mb:.1} MB, at most {PEAK_MAX_MB} wanted: {}",
        verdict(steps_mb <= PEAK_MAX_MB)
    );
    let large = host.deploy_large(&large_artifact());
    let large_mb = mb(large.peak_kb);
    println!(
        "peak memory, an artifact of {LARGE_MB} MB: {large_mb:.1} MB, at most {PEAK_MAX_MB} wanted: {} ({:.1} s)",
        verdict(large_mb <= PEAK_MAX_MB),
        large.took.as_secs_f64()
    );
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn mb(kb: u64) -> f64 {
    kb as f64 / 1024.0
}

fn large_artifact() -> PathBuf {
    let folder = servers().folder.join("large");
    fs::create_dir(&folder).expect("ours");
    let mut random = fs::File::open("/dev/urandom").expect("there is one");
    for number in 0..LARGE_MB {
        let mut file = fs::File::create(folder.join(format!("{number}.bin"))).expect("ours");
        let mut part = std::io::Read::take(&mut random, 1024 * 1024);
        std::io::copy(&mut part, &mut file).expect("there is room");
    }
    folder
}
