/** What the console uses of htm/preact/standalone, for editors and `tsc --checkJs`. */
export function html(strings: TemplateStringsArray, ...values: unknown[]): unknown;
export function render(what: unknown, into: Element): void;
export function useState<T>(first: T | (() => T)): [T, (next: T | ((before: T) => T)) => void];
export function useEffect(effect: () => unknown, about?: unknown[]): void;
export function useMemo<T>(made: () => T, about: unknown[]): T;
export function useRef<T>(first: T): { current: T };
export function useErrorBoundary(tell: (error: unknown) => void): [unknown, () => void];
