//! How would the arms compare had nobody crossed over?

use lutetia_outcome::{
    OutcomeError,
    survival::{
        ControlPatient, IpcwByDecision, Rpsftm, RpsftmOptions, SurvivalData, SwitchingPatient,
        TwoStage, TwoStageOptions, ipcw_by_decision, rpsftm, two_stage,
    },
};

use crate::trial::{Observed, Record, TrialSpec};

/// Overall survival of an arm whose patients may cross over and of the arm they cross over to.
#[derive(Debug, Clone, Copy)]
pub struct Switched<'r> {
    spec: &'r TrialSpec,
    records: &'r [Record],
    control: usize,
    treated: usize,
}

impl<'r> Switched<'r> {
    /// The first arm whose patients may cross over to another, if there is one.
    #[must_use]
    pub fn of(spec: &'r TrialSpec, records: &'r [Record]) -> Option<Self> {
        let control = spec.arms.iter().position(|a| a.crossover.is_some())?;
        let to = &spec.arms[control].crossover.as_ref()?.to;
        let treated = spec.arms.iter().position(|a| a.name == *to)?;
        Some(Self { spec, records, control, treated })
    }

    /// Index of the arm whose patients may cross over.
    #[must_use]
    pub fn control(&self) -> usize {
        self.control
    }

    /// Index of the arm they cross over to.
    #[must_use]
    pub fn treated(&self) -> usize {
        self.treated
    }

    fn experimental(&self) -> Result<SurvivalData, OutcomeError> {
        let of = self
            .records
            .iter()
            .filter(|r| r.arm == self.treated)
            .map(|r| (r.survival.at, r.survival.event));
        let (times, events) = of.unzip();
        SurvivalData::new(times, events)
    }

    /// The patients of the control arm with their decisions: each is made once, after progression, and what was
    /// known is what the scan of that day showed.
    fn decided(&self) -> Vec<ControlPatient> {
        let own = self.records.iter().filter(|r| r.arm == self.control);
        own.map(|r| ControlPatient {
            time: r.survival.at,
            event: r.survival.event,
            end_of_study: r.end_of_study.max(r.survival.at),
            decisions: r.decision.iter().filter(|d| d.at <= r.survival.at).cloned().collect(),
        })
        .collect()
    }

    fn names(&self) -> Vec<&'r str> {
        let crossover = self.spec.arms[self.control].crossover.as_ref();
        crossover.map_or_else(Vec::new, |c| c.depends.iter().map(|d| d.on.as_str()).collect())
    }

    /// The records with everybody censored who crossed over, when they did.
    #[must_use]
    pub fn censored(&self) -> Vec<Record> {
        let one = |r: &Record| match r.crossed_at {
            Some(at) => Record { survival: Observed::censored(at.min(r.survival.at)), ..r.clone() },
            None => r.clone(),
        };
        self.records.iter().map(one).collect()
    }

    /// Rank-preserving structural failure times.
    ///
    /// # Errors
    /// As [`rpsftm`].
    pub fn structural(&self) -> Result<Rpsftm, OutcomeError> {
        let patients: Vec<SwitchingPatient> = self
            .records
            .iter()
            .filter(|r| r.arm == self.control || r.arm == self.treated)
            .map(|r| {
                let experimental = r.arm == self.treated;
                let Observed { at: time, event, .. } = r.survival;
                let after = r.crossed_at.map_or(0.0, |at| (time - at).max(0.0));
                SwitchingPatient {
                    experimental,
                    time,
                    event,
                    time_on_treatment: if experimental { time } else { after },
                    end_of_study: r.end_of_study.max(time),
                }
            })
            .collect();
        rpsftm(&patients, RpsftmOptions::default())
    }

    /// Weights by the probability of the decisions, given what they depend on.
    ///
    /// # Errors
    /// As [`ipcw_by_decision`].
    pub fn weighted(&self) -> Result<IpcwByDecision, OutcomeError> {
        ipcw_by_decision(&self.experimental()?, &self.decided(), &self.names())
    }

    /// The two-stage method, from the decision on.
    ///
    /// # Errors
    /// As [`two_stage`].
    pub fn two_stages(&self, options: TwoStageOptions) -> Result<TwoStage, OutcomeError> {
        two_stage(&self.experimental()?, &self.decided(), &self.names(), options)
    }
}
