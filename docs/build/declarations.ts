import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Comment, parseSync, type Statement } from 'oxc-parser';
import { type Docstring, parseDocstring } from './docstring.ts';

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));

/** What a module declares under a name. */
export interface Declaration {
  name: string;
  /** Folder of `src` that declares it; empty for `src` itself. */
  folder: string;
  kind: 'function' | 'class' | 'interface' | 'type' | 'const';
  doc: Docstring;
  /** The declaration without its body, as it is written. */
  code: string;
  /** Of an interface or a class: what is public. */
  members: Member[];
  /** Of an interface: those whose members it has too. */
  bases: Declaration[];
}

export interface Member {
  doc: Docstring;
  /** `force?: boolean` */
  code: string;
}

/** The public declarations of the library, in the order in which `index.ts` exports them. */
export class Declarations {
  readonly #modules = new Map<string, Module>();
  readonly exported: readonly Declaration[];

  constructor() {
    const index = this.#module(join(SOURCES, 'index.ts'));
    this.exported = index.reexported.map(({ name, from }) => this.#find(name, from));
  }

  #module(path: string): Module {
    const known = this.#modules.get(path) ?? new Module(path);
    this.#modules.set(path, known);
    return known;
  }

  #find(name: string, path: string): Declaration {
    const module = this.#module(path);
    const statement = module.declared.get(name);
    if (statement !== undefined) return this.#declaration(name, module, statement);
    const from = module.imported.get(name);
    if (from === undefined) throw new Error(`${path} has no ${name}`);
    return this.#find(name, from);
  }

  #declaration(name: string, module: Module, statement: Statement): Declaration {
    const inner = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    const base = {
      name,
      folder: dirname(relative(SOURCES, module.path)).split('/')[0]?.replace('.', '') ?? '',
      doc: module.docBefore(statement.start),
      members: [] as Member[],
      bases: [] as Declaration[],
    };
    if (inner?.type === 'FunctionDeclaration' || inner?.type === 'TSDeclareFunction') {
      const code = module.text.slice(inner.start, inner.body?.start ?? inner.end);
      return { ...base, kind: 'function', code: code.replace(/^async /, '').replace(/function\*/, 'function') };
    }
    if (inner?.type === 'TSInterfaceDeclaration') {
      const members = inner.body.body.map((member) => ({
        doc: module.docBefore(member.start),
        code: module.text.slice(member.start, member.end).replace(/;$/, ''),
      }));
      const bases = inner.extends.flatMap(({ expression }) =>
        expression.type === 'Identifier' ? [this.#find(expression.name, module.path)] : [],
      );
      return { ...base, kind: 'interface', code: module.text.slice(inner.start, inner.body.start), members, bases };
    }
    if (inner?.type === 'TSTypeAliasDeclaration') {
      return { ...base, kind: 'type', code: module.text.slice(inner.start, inner.end) };
    }
    if (inner?.type === 'ClassDeclaration') {
      const members = inner.body.body.flatMap((member) => {
        if (member.type !== 'MethodDefinition' && member.type !== 'PropertyDefinition') return [];
        if (member.key.type === 'PrivateIdentifier' || member.accessibility === 'private') return [];
        const end = member.type === 'MethodDefinition' ? (member.value.body?.start ?? member.end) : member.end;
        const code = module.text.slice(member.start, end).trim();
        return [
          { doc: module.docBefore(member.start), code: code.replace(/;$/, '').replace(/^(?:override|async) /, '') },
        ];
      });
      return { ...base, kind: 'class', code: module.text.slice(inner.start, inner.body.start), members };
    }
    if (inner?.type === 'VariableDeclaration') {
      return { ...base, kind: 'const', code: module.text.slice(inner.start, inner.end) };
    }
    throw new Error(`${module.path}: ${name} is declared in a way that is not understood`);
  }
}

/** One source, parsed. */
class Module {
  readonly path: string;
  readonly text: string;
  readonly declared = new Map<string, Statement>();
  readonly imported = new Map<string, string>();
  readonly reexported: { name: string; from: string }[] = [];
  readonly #comments: readonly Comment[];

  constructor(path: string) {
    this.path = path;
    this.text = readFileSync(path, 'utf8');
    const { program, comments, errors } = parseSync(path, this.text);
    if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
    this.#comments = comments;
    for (const statement of program.body as Statement[]) this.#note(statement);
  }

  #note(statement: Statement): void {
    if (statement.type === 'ImportDeclaration' && statement.source.value.startsWith('.')) {
      for (const { local } of statement.specifiers)
        this.imported.set(local.name, this.#resolve(statement.source.value));
    }
    if (statement.type === 'ExportNamedDeclaration' && statement.source !== null) {
      const from = this.#resolve(statement.source.value);
      for (const { exported } of statement.specifiers) {
        this.reexported.push({ name: exported.type === 'Identifier' ? exported.name : exported.value, from });
      }
    }
    const inner = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (inner === null) return;
    if (inner.type === 'VariableDeclaration') {
      for (const { id } of inner.declarations) if (id.type === 'Identifier') this.declared.set(id.name, statement);
    } else if ('id' in inner && inner.id?.type === 'Identifier') {
      this.declared.set(inner.id.name, statement);
    }
  }

  #resolve(specifier: string): string {
    return join(dirname(this.path), specifier);
  }

  /** The docstring that ends right before an offset. */
  docBefore(offset: number): Docstring {
    const comment = this.#comments.findLast(
      ({ type, value, end }) =>
        type === 'Block' && value.startsWith('*') && end <= offset && this.text.slice(end, offset).trim() === '',
    );
    return parseDocstring(comment?.value ?? '');
  }
}
