//! Random lives of workers, jobs and connectors: the moves, who carries them out, who watches the records meanwhile,
//! and what the records may look like. The test itself is in `scenarios::states`.

mod hands;
mod law;
mod moves;
mod observer;
mod rig;

pub(crate) use law::violations;
pub(crate) use moves::moves;
pub(crate) use rig::Rig;
