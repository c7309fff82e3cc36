//! Decides when refused documents are too many for a sync to go on. Pure: it only counts.

use std::collections::VecDeque;

use crate::config::ErrorMonitorConfig;

/// Counts outcomes of bulk items against the thresholds of `elasticsearch.bulk.error_monitor`.
#[derive(Debug)]
pub struct ErrorMonitor {
    config: ErrorMonitorConfig,
    total: u64,
    consecutive: u64,
    window: VecDeque<bool>,
    errors_in_window: usize,
    last_errors: VecDeque<String>,
}

impl ErrorMonitor {
    /// Starts with a window full of successes, as the framework does.
    pub fn new(config: ErrorMonitorConfig) -> Self {
        let window = std::iter::repeat_n(false, config.error_window_size).collect();
        Self {
            config,
            total: 0,
            consecutive: 0,
            window,
            errors_in_window: 0,
            last_errors: VecDeque::new(),
        }
    }

    /// An item was applied.
    pub fn applied(&mut self) {
        self.consecutive = 0;
        self.slide(false);
    }

    /// An item was refused for good. The error says which threshold was passed.
    pub fn rejected(&mut self, item: &str) -> Result<(), String> {
        self.total += 1;
        self.consecutive += 1;
        self.slide(true);
        self.last_errors.push_back(item.to_owned());
        if self.last_errors.len() > self.config.error_queue_size {
            self.last_errors.pop_front();
        }
        if !self.config.enabled {
            return Ok(());
        }
        let window = self.window.len().max(1);
        let rate = self.errors_in_window as f64 / window as f64;
        let passed = if self.total > self.config.max_total_errors {
            format!(
                "{} in all (max_total_errors is {})",
                self.total, self.config.max_total_errors
            )
        } else if self.consecutive > self.config.max_consecutive_errors {
            format!(
                "{} in a row (max_consecutive_errors is {})",
                self.consecutive, self.config.max_consecutive_errors
            )
        } else if rate > self.config.max_error_rate {
            format!(
                "{} of the last {window} (max_error_rate is {})",
                self.errors_in_window, self.config.max_error_rate
            )
        } else {
            return Ok(());
        };
        let last: Vec<&str> = self.last_errors.iter().map(String::as_str).collect();
        Err(format!("{passed}. Last errors: {}", last.join("; ")))
    }

    fn slide(&mut self, error: bool) {
        self.window.push_back(error);
        self.errors_in_window += usize::from(error);
        // It is full from the beginning: one in, one out.
        if self.window.pop_front() == Some(true) {
            self.errors_in_window -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monitor() -> ErrorMonitor {
        ErrorMonitor::new(ErrorMonitorConfig {
            enabled: true,
            max_total_errors: 1000,
            max_consecutive_errors: 10,
            max_error_rate: 0.15,
            error_window_size: 100,
            error_queue_size: 2,
        })
    }

    #[test]
    fn the_eleventh_error_in_a_row_is_too_many() {
        let mut monitor = monitor();
        for _ in 0..10 {
            monitor.rejected("x").unwrap();
        }
        assert!(monitor.rejected("the last").unwrap_err().starts_with("11 in a row"));
    }

    #[test]
    fn sixteen_errors_in_a_hundred_are_too_many() {
        let mut monitor = monitor();
        for _ in 0..15 {
            monitor.rejected("x").unwrap();
            monitor.applied();
        }
        let text = monitor.rejected("the last").unwrap_err();
        assert_eq!(
            text,
            "16 of the last 100 (max_error_rate is 0.15). Last errors: x; the last"
        );
    }

    #[test]
    fn a_thousand_errors_far_apart_are_enough_and_one_more_is_too_many() {
        let mut monitor = monitor();
        for _ in 0..1_000 {
            monitor.rejected("x").unwrap();
            (0..9).for_each(|_| monitor.applied());
        }
        assert!(monitor.rejected("the last").unwrap_err().starts_with("1001 in all"));
    }

    #[test]
    fn errors_leave_the_window() {
        let mut monitor = monitor();
        for _ in 0..50 {
            monitor.rejected("x").unwrap();
            (0..9).for_each(|_| monitor.applied());
        }
    }
}
