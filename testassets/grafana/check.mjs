// Holds a dashboard to Grafana's own schema, as its package @grafana/schema has it: names of
// fields, kinds of values, and the options of the panels' types.
//
//	node check.mjs DASHBOARD.json
//
// The JSON becomes a literal in TypeScript, which the compiler checks as strictly as a literal
// is: a field that the schema has not is an error.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = dirname(fileURLToPath(import.meta.url));
const board = JSON.parse(readFileSync(process.argv[2], 'utf8'));

// Values of enumerations are plain texts in JSON.
const head = `
import type { Dashboard, Panel, RowPanel } from './node_modules/@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen';
import type { Options as StatOptions } from './node_modules/@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { Options as TimeSeriesOptions, FieldConfig as TimeSeriesField } from './node_modules/@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
type Plain<T> = T extends string ? \`\${T}\` : T extends Array<infer U> ? Array<Plain<U>> : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
`;
const kinds = { row: 'RowPanel', stat: 'Panel', timeseries: 'Panel' };
const options = { stat: 'StatOptions', timeseries: 'TimeSeriesOptions' };

let source = head;
const { panels, ...rest } = board;
source += `export const board: Plain<Dashboard> = ${JSON.stringify(rest, null, 1)};\n`;
for (const [i, panel] of panels.entries()) {
  if (!kinds[panel.type]) {
    console.error(`panel ${panel.title}: no schema is known here for the type ${panel.type}`);
    process.exitCode = 1;
    continue;
  }
  source += `export const panel${i}: Plain<${kinds[panel.type]}> = ${JSON.stringify(panel, null, 1)};\n`;
  if (panel.options) {
    source += `export const options${i}: Plain<Partial<${options[panel.type]}>> = ${JSON.stringify(panel.options, null, 1)};\n`;
  }
  if (panel.type === 'timeseries') {
    source += `export const field${i}: Plain<Partial<TimeSeriesField>> = ${JSON.stringify(panel.fieldConfig.defaults.custom, null, 1)};\n`;
  }
}

const name = join(here, 'board.ts');
const settings = { strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, types: [] };
const host = ts.createCompilerHost(settings);
const { getSourceFile, fileExists, readFile } = host;
host.getSourceFile = (file, target) => (file === name ? ts.createSourceFile(file, source, target) : getSourceFile.call(host, file, target));
host.fileExists = (file) => file === name || fileExists.call(host, file);
host.readFile = (file) => (file === name ? source : readFile.call(host, file));
const program = ts.createProgram([name], settings, host);
const found = ts.getPreEmitDiagnostics(program);
for (const d of found) {
  const at = d.file?.fileName === name ? source.slice(0, d.start).split('\n').length : 0;
  console.error(`${at ? source.split('\n')[at - 1].trim() + ': ' : ''}${ts.flattenDiagnosticMessageText(d.messageText, ' ')}`);
}
if (found.length || process.exitCode) process.exit(1);
console.log(`${panels.length} panels are as the schema has them`);
