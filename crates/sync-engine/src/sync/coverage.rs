//! Which issues a checkpoint speaks for, in 2 KiB however many they are. Pure.
//!
//! A search that is behind hides issues for a while. A later run that lists them would take them for done, because they
//! were created before the checkpoint: so the checkpoint also tells which ones it has seen.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use super::listing::IssueId;

/// The issues are told apart in so many groups. What differs costs reading the groups that it is in again.
const GROUPS: usize = 256;

/// The issues at the beginning of a listing, as one number for each group of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct Coverage {
    last: IssueId,
    groups: Vec<u64>,
}

impl Default for Coverage {
    fn default() -> Self {
        Self {
            last: 0,
            groups: vec![0; GROUPS],
        }
    }
}

impl Coverage {
    /// The next issues of the listing.
    pub(super) fn extend(&mut self, ids: &[IssueId]) {
        for id in ids {
            let print = print(*id);
            self.groups[group(print)] ^= print;
            self.last = *id;
        }
    }

    /// Those at the beginning of this listing that may not be among the covered ones; none when nobody can say where
    /// the covered ones end.
    pub(super) fn doubtful(&self, listed: &[IssueId]) -> Option<Vec<IssueId>> {
        let end = listed.iter().position(|id| *id == self.last)?;
        let beginning = &listed[..=end];
        let mut now = Self::default();
        now.extend(beginning);
        let differs = |id: &IssueId| {
            let group = group(print(*id));
            now.groups[group] != self.groups[group]
        };
        Some(beginning.iter().copied().filter(differs).collect())
    }
}

fn group(print: u64) -> usize {
    (print >> 56) as usize
}

/// A number that looks like chance, and is the same for the same id (`SplitMix64`).
fn print(id: IssueId) -> u64 {
    let mut mixed = id.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The form in a job's record.
#[derive(Serialize, Deserialize)]
struct Saved {
    last: IssueId,
    groups: String,
}

impl From<Coverage> for Saved {
    fn from(coverage: Coverage) -> Self {
        let bytes: Vec<u8> = coverage.groups.iter().flat_map(|group| group.to_le_bytes()).collect();
        Self {
            last: coverage.last,
            groups: STANDARD_NO_PAD.encode(bytes),
        }
    }
}

impl TryFrom<Saved> for Coverage {
    type Error = String;

    fn try_from(saved: Saved) -> Result<Self, String> {
        let bytes = STANDARD_NO_PAD
            .decode(&saved.groups)
            .map_err(|error| error.to_string())?;
        let (groups, rest) = bytes.as_chunks::<8>();
        if groups.len() != GROUPS || !rest.is_empty() {
            return Err(format!("{} bytes, which no coverage has", bytes.len()));
        }
        Ok(Self {
            last: saved.last,
            groups: groups.iter().map(|group| u64::from_le_bytes(*group)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn covered(ids: &[IssueId]) -> Coverage {
        let mut coverage = Coverage::default();
        coverage.extend(ids);
        serde_json::from_str(&serde_json::to_string(&coverage).unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn an_issue_that_was_not_covered_is_doubted(
            ids in prop::collection::btree_set(1..1_000_000_u64, 2..500),
            hidden in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
            after in prop::collection::vec(1_000_000..2_000_000_u64, 0..20),
        ) {
            let ids: Vec<IssueId> = ids.into_iter().collect();
            let last = ids.len() - 1;
            let hidden: Vec<IssueId> = hidden.iter().map(|index| ids[index.index(last)]).collect();
            let seen: Vec<IssueId> = ids.iter().copied().filter(|id| !hidden.contains(id)).collect();
            let listed: Vec<IssueId> = ids.iter().copied().chain(after).collect();
            let doubtful = covered(&seen).doubtful(&listed).unwrap();
            prop_assert!(hidden.iter().all(|id| doubtful.contains(id)));
            prop_assert!(doubtful.iter().all(|id| ids.contains(id)));
            if hidden.is_empty() {
                prop_assert!(doubtful.is_empty());
            }
        }
    }

    #[test]
    fn an_issue_that_is_gone_costs_its_group_alone() {
        let ids: Vec<IssueId> = (1..=100_000).collect();
        let coverage = covered(&ids);
        let listed: Vec<IssueId> = ids.iter().copied().filter(|id| *id != 500).collect();
        let doubtful = coverage.doubtful(&listed).unwrap().len();
        assert!((200..800).contains(&doubtful), "{doubtful}");
        assert_eq!(coverage.doubtful(&ids[..99_999]), None, "its end is gone");
    }

    #[test]
    fn it_takes_little_room() {
        let saved = serde_json::to_string(&covered(&[u64::MAX])).unwrap();
        assert!(saved.len() < 3_000, "{}", saved.len());
        assert!(serde_json::from_str::<Coverage>(r#"{"last":1,"groups":"AAAA"}"#).is_err());
    }
}
