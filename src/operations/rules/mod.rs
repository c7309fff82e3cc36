//! Operations on sync rules: show them, write a draft, validate it, put it in force.

mod change;
mod draft;
mod target;
mod verdict;
mod view;

pub use change::{ActivatedRules, Activation, DraftSource, WrittenDraft, activate, set_draft, validate};
pub use draft::parse;
pub use elastic_client::FilteringRules;
pub use verdict::{EffectView, QueryVerdict, RuleEffect, RuleProblem, Verdict};
pub use view::{RuleSetView, RulesView, show, show_of_job};
