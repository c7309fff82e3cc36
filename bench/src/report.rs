//! Everything that was found, as JSON keeps it. The form for people is in `table`, judging in `targets`.

use serde::Serialize;

use crate::extraction::Extraction;
use crate::loader::Load;
use crate::machine::Machine;
use crate::measurement::{Measurement, as_text};
use crate::options::DataSize;
use crate::survey::Survey;
use crate::targets::Target;

/// The whole result.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(serialize_with = "as_text")]
    pub(crate) data_size: DataSize,
    pub(crate) machine: Machine,
    pub(crate) site: Survey,
    pub(crate) loads: Vec<Load>,
    pub(crate) measurements: Vec<Measurement>,
    pub(crate) targets: Vec<Target>,
    /// Ways to take text from files, compared; none when not asked for.
    pub(crate) extraction: Option<Extraction>,
}

/// Of the loads with as many requests in flight the one that took the median time.
pub(crate) fn median_loads(loads: Vec<Load>) -> Vec<Load> {
    medians(loads, |load| load.in_flight, |load| load.seconds)
}

/// Of the syncs of each case the one that took the median time. A wrong result does not hide behind a right one.
pub(crate) fn median_measurements(measurements: Vec<Measurement>) -> Vec<Measurement> {
    let (wrong, right): (Vec<_>, Vec<_>) = measurements.into_iter().partition(|one| !one.complaints.is_empty());
    let mut kept = medians(right, |one| one.case, |one| one.job_seconds);
    kept.retain(|one| wrong.iter().all(|other| other.case != one.case));
    kept.extend(wrong);
    kept
}

/// Of an even number the faster one of the two in the middle. Keys keep the order in which they came.
fn medians<T, K: PartialEq>(all: Vec<T>, key: impl Fn(&T) -> K, seconds: impl Fn(&T) -> f64) -> Vec<T> {
    let mut groups: Vec<Vec<T>> = Vec::new();
    for one in all {
        match groups.iter_mut().find(|group| key(&group[0]) == key(&one)) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    let median = |mut group: Vec<T>| {
        group.sort_by(|a, b| seconds(a).total_cmp(&seconds(b)));
        group.swap_remove((group.len() - 1) / 2)
    };
    groups.into_iter().map(median).collect()
}

/// The fastest load, which everything is compared with.
pub(crate) fn best(loads: &[Load]) -> Option<&Load> {
    loads.iter().min_by(|a, b| a.seconds.total_cmp(&b.seconds))
}

impl Report {
    /// Whether every index was as it must be.
    pub(crate) fn is_correct(&self) -> bool {
        self.measurements.iter().all(|one| one.complaints.is_empty())
    }

    /// Whether every target was met.
    pub(crate) fn targets_met(&self) -> bool {
        self.targets.iter().all(|target| target.met)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_each_key_stays() {
        let all = vec![("a", 3.0), ("b", 9.0), ("a", 1.0), ("a", 2.0), ("b", 4.0)];
        assert_eq!(medians(all, |one| one.0, |one| one.1), [("a", 2.0), ("b", 4.0)]);
    }
}
