//! Plots, as SVG.

use std::{error::Error, ops::Range, path::Path};

use plotters::prelude::*;

/// Named points.
pub(super) type Series = (&'static str, Vec<(f64, f64)>);

/// What a plot shows.
pub(super) struct Plot {
    pub(super) file: &'static str,
    pub(super) title: &'static str,
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    pub(super) series: Vec<Series>,
}

const SIZE: (u32, u32) = (920, 460);

/// Width of the names.
const NAMES: u32 = 220;

impl Plot {
    /// Whether there is something to see.
    pub(super) fn is_empty(&self) -> bool {
        self.series.iter().all(|(_, points)| points.len() < 2)
    }

    /// Draws it into this directory, on two logarithmic axes.
    pub(super) fn draw(&self, directory: &Path) -> Result<(), Box<dyn Error>> {
        let path = directory.join(self.file);
        let root = SVGBackend::new(&path, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        // Names stand beside the lines, so that they hide none.
        let (area, names) = root.split_horizontally(SIZE.0 - NAMES);
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(
                self.range(|point| point.0).log_scale(),
                from_decade(self.range(|point| point.1)).log_scale(),
            )?;
        chart
            .configure_mesh()
            .x_desc(self.x)
            .y_desc(self.y)
            .x_label_formatter(&label)
            .y_label_formatter(&label)
            .light_line_style(RGBColor(240, 240, 240))
            .draw()?;
        for (number, (name, points)) in self.series.iter().enumerate() {
            let color = Palette99::pick(number).to_rgba();
            let line = points.iter().copied();
            chart.draw_series(LineSeries::new(line, color.stroke_width(2)))?;
            let dots = points
                .iter()
                .map(|point| Circle::new(*point, 3, color.filled()));
            chart.draw_series(dots)?;
            let y = 50 + 20 * i32::try_from(number)?;
            names.draw(&PathElement::new([(4, y), (22, y)], color.stroke_width(2)))?;
            names.draw(&Text::new(*name, (28, y - 6), ("sans-serif", 12)))?;
        }
        root.present()?;
        Ok(())
    }

    /// Around all values of one axis.
    fn range(&self, of: fn(&(f64, f64)) -> f64) -> Range<f64> {
        let values = || self.series.iter().flat_map(|(_, points)| points).map(of);
        let low = values().fold(f64::INFINITY, f64::min);
        let high = values().fold(0.0, f64::max);
        low * 0.7..high * 1.5
    }
}

/// Begins where there is a label.
fn from_decade(range: Range<f64>) -> Range<f64> {
    10_f64.powf(range.start.log10().floor())..range.end
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that plotters asks for"
)]
fn label(value: &f64) -> String {
    match *value {
        value if value >= 1e6 => format!("{}M", value / 1e6),
        value if value >= 1e3 => format!("{}k", value / 1e3),
        value => format!("{value}"),
    }
}
