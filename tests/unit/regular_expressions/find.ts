/** A regular expression that stands in the source, or one that is built there. */
export interface Found {
  readonly path: string;
  readonly line: number;
  /** Absent where a constructor makes it: only running the module tells the pattern. */
  readonly literal?: { readonly pattern: string; readonly flags: string };
}

/** Where a module makes regular expressions, and what there is of it that cannot be followed. */
export interface Findings {
  readonly found: readonly Found[];
  /** Sentences: each names a place that would let an expression escape. */
  readonly faults: readonly string[];
}

/** Reads a module as Deno's own parser does. It works within `deno test` alone. */
export function findExpressions(path: string, text: string): Findings {
  const found: Found[] = [];
  const faults: string[] = [];
  const constants = new Set<string>();
  const uses: { readonly name: string; readonly fault: string }[] = [];
  const lineOf = (node: Deno.lint.Node) => text.slice(0, node.range[0]).split("\n").length;
  const visitor: Deno.lint.LintVisitor = {
    Literal(node) {
      const literal = regexOf(node);
      if (literal !== undefined) found.push({ path, line: lineOf(node), literal });
      if (node.value === "RegExp" || node.value === "constructor") {
        faults.push(`${path}:${lineOf(node)} names ${node.value} as a string`);
      }
    },
    Identifier(node) {
      if (node.name === "constructor" && node.parent.type === "MemberExpression") {
        faults.push(`${path}:${lineOf(node)} takes a constructor from an object`);
      }
      if (node.name !== "RegExp" || isType(node)) return;
      if (isConstructed(node)) found.push({ path, line: lineOf(node) });
      else faults.push(`${path}:${lineOf(node)} uses RegExp other than by \`new RegExp(...)\``);
    },
    VariableDeclarator(node) {
      if (node.id.type === "Identifier" && isExpression(node.init)) constants.add(node.id.name);
    },
    CallExpression(node) {
      const name = methodOf(node);
      const [given] = node.arguments;
      if (!["match", "matchAll", "search"].includes(name) || isExpression(given)) return;
      const fault = `${path}:${lineOf(node)} may have .${name}() make an expression of a string`;
      if (given?.type === "Identifier") uses.push({ name: given.name, fault });
      else faults.push(fault);
    },
  };
  const rules = { find: { create: () => visitor } };
  Deno.lint.runPlugin({ name: "expressions", rules }, path, text);
  faults.push(...uses.flatMap(({ name, fault }) => constants.has(name) ? [] : [fault]));
  return { found, faults };
}

function isType({ parent }: Deno.lint.Identifier): boolean {
  return parent.type === "TSTypeReference" ||
    parent.type === "BinaryExpression" && parent.operator === "instanceof";
}

function isConstructed(node: Deno.lint.Identifier): boolean {
  return node.parent.type === "NewExpression" && node.parent.callee.range[0] === node.range[0];
}

function methodOf({ callee }: Deno.lint.CallExpression): string {
  return callee.type === "MemberExpression" && callee.property.type === "Identifier"
    ? callee.property.name
    : "";
}

/** A literal, or one that is built here. */
function isExpression(node: Deno.lint.Node | null | undefined): boolean {
  if (node?.type === "Literal") return regexOf(node) !== undefined;
  return node?.type === "NewExpression" && node.callee.type === "Identifier" &&
    node.callee.name === "RegExp";
}

/** Every literal has the member: that of others is undefined. */
function regexOf(node: Deno.lint.Node): Deno.lint.RegExpLiteral["regex"] | undefined {
  return (node as Deno.lint.RegExpLiteral).regex;
}
