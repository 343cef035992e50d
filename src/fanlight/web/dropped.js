// What did a visitor drop, paste or choose? Its files and folders, taken before anything is awaited: after the event they are gone.

/** @param {any} source a FileList, a list of files, or what a drop or a paste carries @returns {any[]} files, and the entries of folders */
export function dropped(source) {
  const found = Array.from(source.items ?? [], (item) => {
    const entry = item.webkitGetAsEntry?.();
    return entry?.isDirectory ? entry : item.getAsFile?.();
  }).filter(Boolean);
  return found.length ? found : Array.from(source.files ?? source);
}
