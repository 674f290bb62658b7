//! The file of ports against the models that ship.

use std::collections::BTreeMap;

use lutetia_model::{Model, NoFiles, Port, PortPattern, Ports, SourceFile, check, ports};
use lutetia_units::Quantity;

fn shipped_ports() -> Ports {
    let (ports, faults, sources) = ports(&lutetia_scenario::ports_file());
    assert!(faults.is_empty(), "{}", lutetia_diagnostic::render(&faults, &sources, false));
    ports
}

/// Every shipped model by its name; an organ table beside it is bundled in it or there is none.
fn shipped_models() -> BTreeMap<&'static str, Model> {
    let models = lutetia_models::MODELS.iter().filter(|m| !m.text.contains("[chain]"));
    models
        .map(|m| {
            let file = SourceFile { name: m.path.to_owned(), text: m.text.to_owned() };
            (m.name(), check(&file, &NoFiles).model.expect("a model without fault"))
        })
        .collect()
}

/// What stands against a list of ports: what is not listed, listed twice, or listed as something else.
fn faults(ports: &Ports, models: &BTreeMap<&'static str, Model>) -> Vec<String> {
    let mut faults = Vec::new();
    for port in &ports.list {
        for pattern in &port.taken {
            inputs_of(port, pattern, models, &mut faults);
        }
        for pattern in port.given.iter().chain(&port.apart) {
            let named = models.iter().flat_map(|(name, model)| {
                model
                    .outputs
                    .iter()
                    .filter(|o| pattern.holds(name, &o.name))
                    .map(move |o| (name, o))
            });
            let named: Vec<_> = named.collect();
            if named.is_empty() {
                faults.push(format!("{}: `{pattern}` names no output", port.name));
            }
            let given = port.given.contains(pattern);
            for (name, o) in
                named.iter().filter(|(_, o)| given && o.unit.dimension() != port.unit.dimension())
            {
                faults.push(format!("{}: `{name}.{}` is in `{}`", port.name, o.name, o.unit));
            }
        }
    }
    for (name, model) in models {
        for input in &model.inputs {
            let taken = ports.taken(name, &input.name, input.unit.dimension());
            if taken.len() != 1 {
                let of: Vec<&str> = taken.iter().map(|p| p.name.as_str()).collect();
                faults.push(format!("`{name}.{}` is an input of {of:?}", input.name));
            }
        }
        for output in &model.outputs {
            let called = |p: &Port| p.given.iter().any(|g| g.port == output.name);
            let listed =
                |p: &Port| p.given.iter().chain(&p.apart).any(|g| g.holds(name, &output.name));
            if ports.list.iter().any(called) && !ports.list.iter().any(listed) {
                faults.push(format!("`{name}.{}` is called like a port", output.name));
            }
        }
    }
    faults
}

/// Inputs that a pattern names: there is one, of the dimension of the port and with its default.
fn inputs_of(
    port: &Port,
    pattern: &PortPattern,
    models: &BTreeMap<&'static str, Model>,
    faults: &mut Vec<String>,
) {
    let mut found = 0;
    for (name, model) in models {
        for input in model.inputs.iter().filter(|i| pattern.holds(name, &i.name)) {
            found += 1;
            if input.unit.dimension() != port.unit.dimension() {
                faults
                    .push(format!("{}: `{name}.{}` is in `{}`", port.name, input.name, input.unit));
            }
            let nothing = model.units.to_internal(&port.nothing);
            // One division of units apart.
            let same = |x: f64| (x - nothing).abs() <= 1e-12 * nothing.abs();
            if !input.default.is_some_and(same) {
                faults.push(format!("{}: `{name}.{}` has another default", port.name, input.name));
            }
        }
    }
    if found == 0 {
        faults.push(format!("{}: `{pattern}` names no input", port.name));
    }
}

#[test]
fn exact_every_port_of_a_shipped_model_is_listed() {
    let (ports, models) = (shipped_ports(), shipped_models());
    assert!(models.len() >= 40 && ports.list.len() >= 25);
    assert_eq!(faults(&ports, &models), Vec::<String>::new());
}

/// The check finds what it is for: a port taken out, of another dimension, with another default, or with a name that
/// nothing has.
#[test]
fn exact_a_port_that_is_not_listed_or_is_another_is_found() {
    let (ports, models) = (shipped_ports(), shipped_models());
    let changed = |change: &dyn Fn(&mut Port)| {
        let mut ports = ports.clone();
        change(ports.list.iter_mut().find(|p| p.name == "kill_rate").expect("the port"));
        faults(&ports, &models)
    };
    let quantity = |text: &str| Quantity::parse(text).expect("a quantity");
    let unlisted = changed(&|p| p.taken.clear());
    assert!(unlisted.iter().any(|f| f.contains("kill_rate` is an input of []")), "{unlisted:?}");
    let other = changed(&|p| p.nothing = quantity("1 1/h"));
    assert!(other.iter().all(|f| f.contains("another default")) && other.len() == 3, "{other:?}");
    let unit = changed(&|p| p.unit = quantity("1 Gy").unit().clone());
    assert!(unit.iter().any(|f| f.contains("is in `1/h`")), "{unit:?}");
    let called = changed(&|p| p.given.truncate(1));
    assert!(called.iter().any(|f| f.contains("is called like a port")), "{called:?}");
    let nowhere = changed(&|p| p.given[0].port.push('s'));
    assert!(nowhere.iter().any(|f| f.contains("names no output")), "{nowhere:?}");
}

#[test]
fn exact_the_page_has_every_port() {
    let ports = shipped_ports();
    let page = ports.page();
    for port in &ports.list {
        assert!(page.contains(&format!("## `{}`", port.name)), "{}", port.name);
    }
    assert!(page.contains("`combination/standard-of-care.kill_rate`"));
}
