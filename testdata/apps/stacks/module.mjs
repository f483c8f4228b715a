const wanted = 'esm';
export function inModule(label) {
  return globalThis.finishStack(label);
}
inModule(wanted);
