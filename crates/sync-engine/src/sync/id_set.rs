//! A set of numeric ids at about 8 bytes each, for as many issues as a Jira may have.

use std::collections::HashSet;

/// Ids added since the last merge are looked up in a hash set; this many of them are merged at once.
const MERGE_AT: usize = 4096;

/// Room for this share of what is there is added when there is none left; twice as much each time would hold twice the
/// memory that the ids need.
const GROWTH: usize = 8;
/// The least room that is added.
const LEAST_ROOM: usize = 512;

/// Appends to a list that may become as long as a Jira has issues.
pub(super) fn push_compactly(list: &mut Vec<u64>, id: u64) {
    make_room(list, 1);
    list.push(id);
}

fn make_room(list: &mut Vec<u64>, wanted: usize) {
    if list.capacity() - list.len() < wanted {
        list.reserve_exact(wanted.max(list.len() / GROWTH).max(LEAST_ROOM));
    }
}

/// A growing set of ids. Ids that come in ascending order, as listings mostly bring them, cost no rearranging.
#[derive(Debug, Default)]
pub(super) struct IdSet {
    sorted: Vec<u64>,
    recent: HashSet<u64>,
}

impl IdSet {
    /// Adds an id; false when it was there.
    pub(super) fn insert(&mut self, id: u64) -> bool {
        if self.sorted.last().is_none_or(|last| id > *last) && self.recent.is_empty() {
            push_compactly(&mut self.sorted, id);
            return true;
        }
        if self.sorted.binary_search(&id).is_ok() || !self.recent.insert(id) {
            return false;
        }
        if self.recent.len() >= MERGE_AT {
            self.merge();
        }
        true
    }

    /// Whether the id is in the set.
    pub(super) fn contains(&self, id: u64) -> bool {
        self.recent.contains(&id) || self.sorted.binary_search(&id).is_ok()
    }

    /// The number of ids.
    pub(super) fn len(&self) -> usize {
        self.sorted.len() + self.recent.len()
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All ids, ascending.
    pub(super) fn into_sorted(mut self) -> Vec<u64> {
        self.merge();
        self.sorted
    }

    /// A copy of all ids, ascending.
    pub(super) fn to_sorted(&self) -> Vec<u64> {
        let mut ids: Vec<u64> = self.sorted.iter().chain(&self.recent).copied().collect();
        ids.sort();
        ids
    }

    fn merge(&mut self) {
        make_room(&mut self.sorted, self.recent.len());
        self.sorted.extend(self.recent.drain());
        // The sort finds the long ascending run at the front, so this is close to a merge.
        self.sorted.sort();
        self.recent.shrink_to(MERGE_AT);
    }
}

impl Extend<u64> for IdSet {
    fn extend<I: IntoIterator<Item = u64>>(&mut self, ids: I) {
        for id in ids {
            self.insert(id);
        }
    }
}

impl FromIterator<u64> for IdSet {
    fn from_iter<I: IntoIterator<Item = u64>>(ids: I) -> Self {
        let mut set = Self::default();
        set.extend(ids);
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_behaves_like_a_set(ids in proptest::collection::vec(0_u64..2_000, 0..10_000)) {
            let mut model = BTreeSet::new();
            let mut set = IdSet::default();
            for id in ids {
                prop_assert_eq!(set.insert(id), model.insert(id));
            }
            prop_assert_eq!(set.len(), model.len());
            prop_assert_eq!(set.is_empty(), model.is_empty());
            prop_assert!(set.recent.len() < MERGE_AT);
            prop_assert_eq!(set.to_sorted(), model.iter().copied().collect::<Vec<_>>());
            prop_assert!(set.sorted.capacity() <= model.len() + model.len() / GROWTH + MERGE_AT);
            prop_assert!((0..2_000).all(|id| set.contains(id) == model.contains(&id)));
            prop_assert_eq!(set.into_sorted(), model.into_iter().collect::<Vec<_>>());
        }
    }
}
