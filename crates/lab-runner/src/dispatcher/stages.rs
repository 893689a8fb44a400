//! The stages that live, and what each is doing.
//!
//! ```text
//!          ┌────────────── assign ─────────────┐
//!          ▼                                   │
//! start ─ Playing ── RunFinished ── Renewing ── StageReady ── Idle
//!          │ not kept, or invalid      │ StageSpent             │ nobody wants it
//!          ▼                           ▼                        ▼
//!        Ended ◀───────────────────────┴───────────────────── Leaving
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use lab_scenario::plan::{BackendKind, Plan};

use super::event::RunIndex;
use super::ledger::{Ledger, Orders};
use super::stage::Stage;

/// Which stage, counted from the first that was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StageId(pub(super) u64);

/// A stage that lives.
pub(super) struct Active {
    pub(super) stage: Stage,
    /// The plan whose network it has.
    pub(super) network: RunIndex,
    pub(super) doing: Doing,
    pub(super) orders: Orders,
    /// When it is killed, unless it has been.
    pub(super) deadline: Option<Instant>,
}

/// What a stage does.
pub(super) enum Doing {
    /// It plays a run.
    Playing(Box<Playing>),
    /// It makes its network new after that run.
    Renewing(RunIndex),
    /// It waits for a plan.
    Idle,
    /// It has been told to end, and is no use any more.
    Leaving,
}

/// A run that is played.
pub(super) struct Playing {
    pub(super) index: RunIndex,
    pub(super) attempt: u32,
    pub(super) folder: Option<PathBuf>,
    pub(super) ledger: Ledger,
    pub(super) started: Instant,
    /// Whether the stage shall play another run after it.
    pub(super) keep: bool,
}

/// All stages.
#[derive(Default)]
pub(super) struct Stages {
    living: BTreeMap<StageId, Active>,
    started: u64,
}

impl Stages {
    /// The number of the next stage.
    pub(super) fn next_id(&mut self) -> StageId {
        self.started += 1;
        StageId(self.started)
    }

    pub(super) fn insert(&mut self, id: StageId, active: Active) {
        self.living.insert(id, active);
    }

    pub(super) fn get_mut(&mut self, id: StageId) -> Option<&mut Active> {
        self.living.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: StageId) -> Option<Active> {
        self.living.remove(&id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.living.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Active> {
        self.living.values()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Active> {
        self.living.values_mut()
    }

    /// How many have something to do.
    pub(super) fn busy(&self) -> usize {
        let is_busy =
            |active: &&Active| matches!(active.doing, Doing::Playing(_) | Doing::Renewing(_));
        self.iter().filter(is_busy).count()
    }

    /// Those that wait for a plan.
    pub(super) fn idle(&mut self) -> impl Iterator<Item = (StageId, &mut Active)> {
        let living = self.living.iter_mut();
        living.filter(|(_, active)| matches!(active.doing, Doing::Idle)).map(|(id, a)| (*id, a))
    }
}

/// Whether two plans may be played on one network, one after the other. Only on Mininet:
/// labrun's own networks are built in less time than it takes to show that one is as new.
pub(super) fn share_network(a: &Plan, b: &Plan) -> bool {
    a.backend == BackendKind::Mininet
        && a.share_topology
        && b.share_topology
        && a.directory == b.directory
        && a.backend == b.backend
        && a.topology == b.topology
}
