//! The same before program and oracle: verdicts, and what is left behind.

mod whole;

use std::{fmt, ptr, slice};

use xiot_agent::{
    compile::Assignment,
    model::{gateway::Wire, policy::Policy},
    oracle::{Limits, Oracle, Place, Router, RouterPort, Side},
};

use crate::{
    audit, clock,
    decide::Decide,
    holdings,
    judged::{Judged, counted_at, place_on_wire},
    numbers::{numbered, numbers},
    prog::Prog,
    shot::Shot,
    step::Step,
    tally::Tally,
    verdict::Verdict,
};

pub use self::whole::{first_difference, first_difference_of_steps};

/// What the wall clock shows at first: a Wednesday noon in 2026.
pub const START: u32 = 1_790_164_800;

/// How far the wall clock is ahead of this second if it shows another.
pub fn ahead(wall: u32, now: u64) -> i64 {
    i64::from(wall) - now.cast_signed()
}

/// Where the two part.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// Position of the step; for what is left behind, of the last one.
    pub at: usize,
    /// What the program says.
    pub program: String,
    /// What the oracle says.
    pub oracle: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            program,
            oracle,
        } = self;
        write!(f, "step {at}\nprogram: {program}\noracle:  {oracle}")
    }
}

/// What stays while the frames of a sequence are judged.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'t> {
    /// Those at first.
    pub wires: &'t [Wire],
    /// The wires are segments of this one.
    pub router: Option<&'t Router>,
}

/// Program and oracle under one policy after the other, both without memory at first.
#[derive(Debug)]
pub struct Trial<'t> {
    prog: &'t mut Prog,
    oracle: Oracle<'t>,
    /// Those in force.
    wires: &'t [Wire],
    router: Option<&'t Router>,
    policies: &'t [Policy],
    /// What the program calls devices and rules of each policy.
    numbers: Vec<Assignment>,
    /// Which of them is in force.
    in_force: usize,
    /// Seconds by which the program's past was moved, instead of its clock.
    passed: u64,
    /// Second by both clocks; 0 before there is a grace period.
    grace_until: u64,
    /// Likewise; 0: wires are settled.
    settled_at: u64,
    /// Seconds that the wall clock is ahead of the clock that frames are judged by, with what has passed.
    ahead: i64,
    /// A second passed while a frame was judged: which of two the wall clock showed it, nobody knows.
    is_blurred: bool,
    judged: usize,
    tally: Tally,
}

impl<'t> Trial<'t> {
    /// Puts the policy in force.
    pub fn new(prog: &'t mut Prog, policy: &'t Policy, wires: &'t [Wire]) -> Self {
        Self::over(prog, slice::from_ref(policy), wires)
    }

    /// Puts the first policy in force; each swap takes the next.
    ///
    /// # Panics
    /// Where there is none.
    pub fn over(prog: &'t mut Prog, policies: &'t [Policy], wires: &'t [Wire]) -> Self {
        let first = policies.first().expect("one policy at least");
        prog.apply(first, wires);
        let numbers = numbers(policies, &prog.compile_limits());
        let tally = Tally::before(prog.counters(), &numbers);
        // A program that writes traces looks for room whenever it needs some.
        let limits = Limits {
            search_pause: 0,
            ..prog.limits()
        };
        let mut trial = Self {
            prog,
            oracle: Oracle::with_limits(first, wires, limits),
            wires,
            router: None,
            policies,
            numbers,
            in_force: 0,
            passed: 0,
            grace_until: 0,
            settled_at: 0,
            ahead: 0,
            is_blurred: false,
            judged: 0,
            tally,
        };
        trial.set_clock(START);
        trial
    }

    /// The same where the wires may be segments of a router, which the kernel knows already.
    ///
    /// # Panics
    /// Likewise.
    pub fn within(prog: &'t mut Prog, policies: &'t [Policy], setting: Setting<'t>) -> Self {
        Self {
            router: setting.router,
            ..Self::over(prog, policies, setting.wires)
        }
    }

    /// Takes the next step; what was said of it where it is a frame.
    pub fn step(&mut self, step: &'t Step) -> Result<Option<Judged>, Difference> {
        match step {
            Step::Shot(shot) => return self.judge_all(shot).map(Some),
            Step::Swap(_) => self.swap(),
            Step::Rewire(wires) => self.rewire(wires),
            Step::Settle(seconds) => self.settle(*seconds),
            Step::Touch => self.touch(),
            Step::Grace(seconds) => self.grant_grace(*seconds),
            Step::Decide(decide) => self.decide(decide),
            Step::Clock(second) => self.set_clock(*second),
        }
        self.judged += 1;
        Ok(None)
    }

    /// Puts the next policy in force.
    ///
    /// # Panics
    /// Where there is none.
    pub fn swap(&mut self) {
        // The program counts what is spent in a second by the device's place in the policy, which may change.
        self.let_pass(1);
        self.in_force += 1;
        let next = &self.policies[self.in_force];
        self.prog
            .swap(next, self.wires, &self.numbers[self.in_force]);
        self.oracle.swap(next);
    }

    /// Puts other guards and Ethernet types in force.
    pub fn rewire(&mut self, wires: &'t [Wire]) {
        self.wires = wires;
        self.prog.rewire(wires);
        self.oracle.rewire(wires);
    }

    /// Starts an epoch under the same policy.
    pub fn touch(&mut self) {
        self.prog.touch();
        self.oracle.touch();
    }

    /// Starts a grace period of so many seconds.
    pub fn grant_grace(&mut self, seconds: u32) {
        self.grace_until = clock::coarse_second() + self.passed + u64::from(seconds);
        self.oracle.grant_grace_until(self.grace_until);
        self.set_grace();
    }

    /// Settles the wires in so many seconds.
    pub fn settle(&mut self, seconds: u32) {
        self.settled_at = clock::coarse_second() + self.passed + u64::from(seconds);
        self.oracle.settle_at(self.settled_at);
        self.set_settled();
        self.prog.touch();
    }

    /// Moves the moment as the program's past is moved.
    fn set_settled(&mut self) {
        let second = self.settled_at.saturating_sub(self.passed);
        self.prog.set_settled(
            u32::try_from(second).expect("years to go"),
            self.wires.len(),
        );
    }

    /// Sets the wall clock to this second.
    pub fn set_clock(&mut self, second: u32) {
        let now = clock::coarse_second() + self.passed;
        self.ahead = ahead(second, now);
        self.oracle.set_clock(self.ahead);
        self.set_wall();
    }

    /// The program's wall clock goes on by itself, but not by what only passed here.
    fn set_wall(&mut self) {
        let now = (clock::coarse_second() + self.passed).cast_signed();
        let wall = (now + self.ahead).rem_euclid(1 << 32);
        self.prog
            .set_wall(u32::try_from(wall).expect("the lower half"));
    }

    /// Decides about a device.
    ///
    /// # Panics
    /// Where the program has no room for that.
    pub fn decide(&mut self, decide: &Decide) {
        let second = clock::coarse_second();
        decide.tell(&mut self.oracle, second + self.passed);
        let second = u32::try_from(second).expect("years to go");
        self.prog.decide(&decide.key(), decide.value(second));
    }

    /// Judges the next frame twice.
    pub fn judge(&mut self, shot: &Shot) -> Result<Verdict, Difference> {
        self.judge_all(shot).map(|judged| judged.first())
    }

    /// The same with all that is said of it.
    pub fn judge_all(&mut self, shot: &Shot) -> Result<Judged, Difference> {
        self.let_pass(shot.after);
        let seconds = || (clock::coarse_second(), clock::tai_second());
        let (before, tai) = seconds();
        let earliest = clock::earliest_second();
        // Both clocks tick, but not at the same moment.
        self.set_wall();
        let program = match self.router {
            None => Judged::on_wire(self.prog.judge(shot)),
            Some(_) => self.prog.route(shot),
        };
        let after = seconds();
        // While it judged, a second may have passed: the oracle judges in that of the program.
        let second = self.prog.second().into();
        assert!(
            (earliest..=after.0).contains(&second),
            "the program judged in second {second}, not {earliest} to {}",
            after.0
        );
        let (oracle, places) = self.ask(shot, second);
        if (before, tai) != after || second != before {
            self.is_blurred = true;
        }
        let at = self.judged;
        self.judged += 1;
        if program != oracle {
            return Err(Difference {
                at,
                program: format!("{program:?}"),
                oracle: format!("{oracle:?}"),
            });
        }
        for (verdict, place) in program.verdicts.iter().zip(places) {
            let place = counted_at(place, self.wires.len());
            self.tally.count(place, shot.frame.len(), *verdict);
        }
        Ok(program)
    }

    /// Lets seconds pass that no clock shows.
    fn let_pass(&mut self, seconds: u32) {
        if seconds > 0 {
            self.passed += u64::from(seconds);
            self.prog.age(seconds);
            if self.grace_until != 0 {
                self.set_grace();
            }
            if self.settled_at != 0 {
                self.set_settled();
            }
            self.set_wall();
        }
    }

    /// Moves the end of the grace period as the program's past is moved, which begins an epoch.
    fn set_grace(&mut self) {
        let until = self.grace_until.saturating_sub(self.passed);
        self.prog
            .set_grace(u32::try_from(until).expect("years to go"));
        self.oracle.touch();
    }

    /// What the oracle says, and where each verdict counts.
    fn ask(&mut self, shot: &Shot, second: u64) -> (Judged, Vec<Place>) {
        let now = second + self.passed;
        let numbers = &self.numbers[self.in_force];
        let Some(router) = self.router else {
            let wire = usize::from(shot.wire);
            let outcome = self.oracle.judge(shot.side, wire, &shot.frame, now);
            let verdict = numbered(outcome, numbers);
            return (Judged::on_wire(verdict), vec![place_on_wire(shot)]);
        };
        let port = router_port(shot);
        let routed = self.oracle.judge_routed(router, port, &shot.frame, now);
        let places = routed.verdicts.iter().map(|it| it.place).collect();
        (Judged::routed(&routed, numbers), places)
    }

    /// Whether a difference may be one of clocks alone.
    pub fn is_blurred(&self) -> bool {
        self.is_blurred
    }

    /// Compares what both know of who has which address, and which address has which name.
    fn check_bindings(&self) -> Result<(), Difference> {
        let now = clock::coarse_second();
        let second = u32::try_from(now).expect("years to go");
        let (bindings, places) = (self.prog.bindings(), self.prog.places());
        let mut mine = holdings::of_program(&bindings, &places, second, self.passed);
        let mut theirs = holdings::of_oracle(&self.oracle, now + self.passed);
        let names = holdings::dns_names(self.policies);
        mine.extend(holdings::names_of_program(
            &self.prog.names(),
            &names,
            second,
            self.passed,
        ));
        theirs.extend(holdings::names_of_oracle(&self.oracle, now + self.passed));
        let (program, oracle) = audit::only_in_one(&mine, &theirs);
        if program == oracle {
            return Ok(());
        }
        Err(Difference {
            at: self.judged.saturating_sub(1),
            program: format!("knows {program:#?}"),
            oracle: format!("knows {oracle:#?}"),
        })
    }

    /// Compares what is left behind: flows in all their state, bindings, and counters.
    pub fn finish(&self) -> Result<(), Difference> {
        let at = self.judged.saturating_sub(1);
        let numbers = |policy: &Policy| {
            let place = self.policies.iter().position(|it| ptr::eq(it, policy));
            &self.numbers[place.expect("the oracle was given this policy")]
        };
        let mine = audit::of_program(&self.prog.flows(), self.passed);
        let theirs = audit::of_oracle(&self.oracle, numbers);
        let (program, oracle) = audit::only_in_one(&mine, &theirs);
        if program != oracle {
            return Err(Difference {
                at,
                program: format!("has {program:#?}"),
                oracle: format!("has {oracle:#?}"),
            });
        }
        self.check_bindings()?;
        self.tally
            .check(self.prog.counters())
            .map_err(|(program, oracle)| Difference {
                at,
                program,
                oracle,
            })
    }
}

/// The router's port that a shot comes in by.
pub fn router_port(shot: &Shot) -> RouterPort {
    let number = usize::from(shot.wire);
    match shot.side {
        Side::Device => RouterPort::Segment(number),
        Side::Uplink => RouterPort::Uplink(number),
    }
}
