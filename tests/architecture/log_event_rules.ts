/** What the list of log events must be: sorted, used, and explained to operators. @module */

/** Returns the names that are not kebab-case, and those out of order, one line each. */
export function eventNameProblems(events: readonly string[]): string[] {
  return events.flatMap((name, index) => {
    const before = events[index - 1];
    return [
      ...(/^[a-z]+(-[a-z]+)*$/.test(name) ? [] : [`${name} is not kebab-case`]),
      ...(before === undefined || before < name
        ? []
        : [`${name} must be sorted before ${before}`]),
    ];
  });
}

/**
 * Returns the events that no module logs, one line each.
 *
 * @param sources The text of every module that may log.
 */
export function unusedEvents(
  events: readonly string[],
  sources: readonly string[],
): string[] {
  return events
    .filter((name) => !sources.some((source) => source.includes(`"${name}"`)))
    .map((name) => `no module logs ${name}`);
}

/**
 * Returns how the table of docs/log_events.md differs from the list, one line each.
 *
 * @param page Markdown; a row of the table begins with the name in backticks.
 */
export function eventTableProblems(
  events: readonly string[],
  page: string,
): string[] {
  const rows = [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, name = ""]) =>
    name
  );
  return [
    ...events.filter((name) => !rows.includes(name))
      .map((name) => `docs/log_events.md does not explain ${name}`),
    ...rows.filter((name) => !events.includes(name))
      .map((name) => `docs/log_events.md explains ${name}, which is no event`),
    ...rows.filter((name, index) => rows.indexOf(name) !== index)
      .map((name) => `docs/log_events.md explains ${name} twice`),
  ];
}
