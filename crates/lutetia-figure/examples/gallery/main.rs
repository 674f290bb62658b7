//! Draws every kind of chart from synthetic tables: `cargo run -p lutetia-figure --example gallery
//! -- FOLDER` writes an SVG and the CSV behind it for each.

mod cases;

use std::{error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os()
        .nth(1)
        .ok_or("expected the folder to write to: `--example gallery -- FOLDER`")?
        .into();
    fs::create_dir_all(&folder)?;
    for case in cases::all().into_iter().chain(cases::extremes()) {
        let figure = case.figure()?;
        fs::write(
            folder.join(format!("{}.svg", figure.name)),
            lutetia_figure::figure::svg(&figure)?,
        )?;
        fs::write(folder.join(format!("{}.csv", figure.name)), figure.table().to_csv())?;
    }
    Ok(())
}
