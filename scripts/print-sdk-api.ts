// Writes schema/sdk-api.md: npx tsx scripts/print-sdk-api.ts
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));

const FLAGS =
  ts.TypeFormatFlags.NoTruncation |
  ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope |
  ts.TypeFormatFlags.WriteArrayAsGenericType;

const HEAD = `# The exports of the SDK

Written by \`npm run docs\`. A change of this page is a change for those who use the package. Objects inside objects are
shortened to \`{…}\`: the documents in \`schema/operations\` and the schema define them.
`;

/**
 * Everything that the SDK exports, one line for each member, so that a breaking change is seen in a diff. The types that
 * are generated from the schema are left out: the schema's own report shows their changes.
 */
export function describeSdkApi(): string {
  const entry = `${root}src/sdk/index.ts`;
  const program = ts.createProgram([entry], readOptions());
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error('src/sdk/index.ts exports nothing.');
  const sections = checker
    .getExportsOfModule(module)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
    .filter((symbol) => !isGenerated(symbol))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map((symbol) => describeExport(symbol, program));
  return `${HEAD}\n\`\`\`text\n${sections.join('\n')}\`\`\`\n`;
}

function readOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

function isGenerated(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((node) =>
    node.getSourceFile().fileName.includes('/src/generated/'),
  );
}

function describeExport(symbol: ts.Symbol, program: ts.Program): string {
  const checker = program.getTypeChecker();
  const isClass = (symbol.flags & ts.SymbolFlags.Class) !== 0;
  const isType = (symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias)) !== 0;
  if (!isClass && !isType) return `${symbol.name}: ${print(symbol, checker)}\n`;
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const bases = (type.isClassOrInterface() ? checker.getBaseTypes(type) : []).map(
    (base) => base.symbol?.name,
  );
  const kind = isClass ? 'class' : 'type';
  const heading = `${kind} ${symbol.name}${isClass && bases.length > 0 ? ` extends ${bases.join(', ')}` : ''}`;
  if (type.isUnion() || type.getCallSignatures().length > 0)
    return `${heading} = ${shorten(checker.typeToString(type, undefined, FLAGS | ts.TypeFormatFlags.InTypeAlias))}\n`;
  const members = checker
    .getPropertiesOfType(type)
    .filter((member) => isOwn(member, program))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map((member) => `  ${nameOf(member)}${isOptional(member) ? '?' : ''}: ${print(member, checker)}`);
  return [heading, ...members, ''].join('\n');
}

/** The compiler gives a member that is named by a symbol a number of its own, which changes with every other change. */
function nameOf({ name }: ts.Symbol): string {
  return name.replace(/^__@(\w+)@\d+$/, '[Symbol.$1]');
}

/** False for private members and for what the language declares, such as the members of every Error. */
function isOwn({ name, declarations = [] }: ts.Symbol, program: ts.Program): boolean {
  const isOfLanguage = declarations.some((node) => program.isSourceFileDefaultLibrary(node.getSourceFile()));
  return !name.startsWith('__#') && !isOfLanguage;
}

function isOptional(member: ts.Symbol): boolean {
  return (member.flags & ts.SymbolFlags.Optional) !== 0;
}

function print(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  return shorten(checker.typeToString(checker.getTypeOfSymbol(symbol), undefined, FLAGS));
}

/** Leaves the innermost objects out. */
function shorten(type: string): string {
  let depth = 0;
  let text = '';
  for (const character of type) {
    if (character === '}') depth -= 1;
    if (depth < 2) text += character === '}' && depth === 1 ? '…}' : character;
    if (character === '{') depth += 1;
  }
  return text.replaceAll(/(\{…\})( \| \{…\})+/g, '$1').replaceAll('readonly ', '');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(new URL('../schema/sdk-api.md', import.meta.url), describeSdkApi());
