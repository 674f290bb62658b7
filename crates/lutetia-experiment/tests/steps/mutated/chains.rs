//! The chains that ship, each in an experiment that simulates it and, where it has the roles for it, tries it on patients.

use std::collections::BTreeSet;

use toml::Value;

use super::{Case, Ended, Memory, changes, ended, judge, sample};

/// Pools that an activity is given into, one of which each chain has.
const POOLS: [&str; 5] = ["pk:L.blood", "pk:L.plasma", "pk:P.serum", "pk:L.serum", "pk:P.veins"];

fn experiment(chain: &str, pool: &str, trial: bool) -> String {
    let dose =
        format!("doses = [{{ into = \"{pool}\", activity = \"7.4 GBq\", amount = \"100 nmol\" }}]");
    let mut text = format!(
        "{}[models.chain]\nfile = \"{chain}\"\nnuclides = [\"Lu-177\"]\n\
         [[step]]\nkind = \"simulate\"\nid = \"course\"\nmodel = \"chain\"\nuntil = \"2 d\"\npoints = 3\n{dose}\n",
        lutetia_testkit::heading(1)
    );
    if trial {
        text += &format!(
            "[[step]]\nkind = \"cohort\"\nid = \"men\"\nmodel = \"chain\"\npatients = 3\n\
             [[step]]\nkind = \"trial\"\nid = \"trial\"\ncohort = \"men\"\nfollow_up = \"1 mo\"\n\
             [[step.arm]]\nname = \"treated\"\npatients = 3\n{dose}\n"
        );
    }
    text
}

/// The experiment of a chain as it is, and as many steps as it has what is needed for.
fn runs(path: &str, text: &str, cache: &Memory) -> String {
    let file = format!("models/{path}");
    let name = path.trim_end_matches(".toml");
    let mut said = String::new();
    for trial in [true, false] {
        for pool in POOLS {
            let experiment = experiment(name, pool, trial);
            let files = vec![(file.clone(), text.to_owned())];
            let case = Case { what: path.to_owned(), experiment: experiment.clone(), files };
            match ended(&case, cache) {
                Ended::Ran => return experiment,
                Ended::Found => {}
                Ended::Failed(failure) => said = lutetia_testkit::said(&failure),
                Ended::Panicked(text) => said = text,
            }
        }
    }
    panic!("{path} runs in no experiment: {said}")
}

fn cases(cache: &Memory) -> Vec<Case> {
    let mut seen = BTreeSet::new();
    let mut cases = Vec::new();
    let chains = lutetia_models::MODELS.iter().filter(|m| m.path.starts_with("chains/"));
    for chain in chains {
        let experiment = runs(chain.path, chain.text, cache);
        let root: Value = toml::from_str(chain.text).expect("TOML");
        // Names of parts and roles are the chain's own: each is changed.
        let mut own = BTreeSet::new();
        for (what, text) in changes(&root, &mut own, &|_| false) {
            if !seen.insert(format!("{what} {text}")) {
                continue;
            }
            let files = vec![(format!("models/{}", chain.path), text)];
            cases.push(Case {
                what: format!("{}{what}", chain.path),
                experiment: experiment.clone(),
                files,
            });
        }
    }
    cases
}

#[test]
fn prop_a_changed_chain_is_found_or_runs() {
    let cache = Memory::default();
    let cases = sample(cases(&cache), 4, 1);
    let (found, ran) = judge(&cases, &cache);
    assert!(found > 50 && ran > 5, "{found} found, {ran} ran");
}
