//! Times, durations and sizes as people and scripts read them.

/// RFC 3339, UTC, with milliseconds.
pub fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| "-".to_owned(), |at| format!("{at:.3}"))
}

/// For people: `2026-11-23 10:15:00 UTC`.
pub fn moment(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| "-".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// How long it is since then, where the clocks agree: `3 min 20 s ago`.
pub fn ago(ms: i64, now_ms: i64) -> String {
    match u64::try_from(now_ms.saturating_sub(ms)).unwrap_or(0) / 1000 {
        0 => "just now".to_owned(),
        seconds @ 1..60 => format!("{seconds} s ago"),
        seconds @ 60..172_800 => format!("{} ago", duration(seconds * 1000)),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}

/// Now, as RFC 3339.
pub fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// The time of day in UTC: `10:15:02`.
pub(super) fn clock(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| "--:--:--".to_owned(), |at| at.strftime("%H:%M:%S").to_string())
}

/// `84 ms`, `0.4 s`, `12.0 s`, `3 min 20 s`, `2 h 05 min`.
pub fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 if ms < 100 => format!("{ms} ms"),
        0..60 => format!("{}.{} s", seconds, ms % 1000 / 100),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `812 B`, `48 KB`, `214 MB`, `1.1 GB`: of 1000, as disks are sold and as people say it.
pub fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        1_000_000..10_000_000 => format!("{} MB", tenths(1_000_000)),
        10_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_at_a_glance() {
        let shown = [0, 84, 449, 4_312, 60_000, 200_000, 7_500_000].map(duration);
        assert_eq!(shown, ["0 ms", "84 ms", "0.4 s", "4.3 s", "1 min 00 s", "3 min 20 s", "2 h 05 min"]);
        let shown = [0, 4_000, 200_000, 400_000_000].map(|ms| ago(-ms, 0));
        assert_eq!(shown, ["just now", "4 s ago", "3 min 20 s ago", "4 days ago"]);
        assert_eq!(moment(1_795_428_900_123), "2026-11-23 10:15:00 UTC");
        let shown = [812, 48_000, 2_140_000, 214_000_000, 1_100_000_000].map(size);
        assert_eq!(shown, ["812 B", "48 KB", "2.1 MB", "214 MB", "1.1 GB"]);
        assert_eq!(rfc3339(1_795_428_900_123), "2026-11-23T10:15:00.123Z");
    }
}
