import type { ComponentChildren } from 'preact';
import './table.css';

/** The title of a column. One that is hidden is read to those who do not see the table. */
export type ColumnTitle =
  | string
  | {
      readonly title: string;
      readonly isNumber?: true;
      readonly isHidden?: true;
      /** What the column holds, on hover. */
      readonly hint?: string;
    };

interface TableProps {
  readonly columns: readonly ColumnTitle[];
  /** The rows: `tr` elements. */
  readonly children: ComponentChildren;
  /** Whether the view has a layout of its own for phones. */
  readonly hasPhoneLayout?: boolean;
}

/** The titles of the columns of a table. */
export function TableHead({ columns }: Pick<TableProps, 'columns'>) {
  return (
    <thead>
      <tr>
        {columns.map((column) => {
          const { title, isNumber, isHidden, hint } =
            typeof column === 'string' ? ({ title: column } as Exclude<ColumnTitle, string>) : column;
          return (
            <th key={title} scope="col" class={isNumber ? 'number' : undefined} title={hint}>
              {isHidden ? <span class="visually-hidden">{title}</span> : title}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

/** A table with the titles of its columns. On a phone each row is a block of lines, and each line begins with the title of its column. */
export function Table({ columns, children, hasPhoneLayout = false }: TableProps) {
  return (
    <div class={hasPhoneLayout ? 'table-box' : 'table-box stacks'}>
      <table class="table" style={titlesOf(columns)}>
        <TableHead columns={columns} />
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** The titles as texts for the style sheet, which writes them before the cells of a phone. Hidden titles stay hidden. */
function titlesOf(columns: readonly ColumnTitle[]): Record<string, string> {
  const titles = columns.map((column) =>
    typeof column === 'string' ? column : column.isHidden ? '' : column.title,
  );
  return Object.fromEntries(titles.map((title, at) => [`--title-${at + 1}`, JSON.stringify(title)]));
}

/** The title of a column with buttons. */
export const ACTIONS: ColumnTitle = { title: 'Actions', isHidden: true };
