// How is a program written? CodeMirror with Python, completion of Fanlight's names, and a mark on the line that went wrong.
// Knows neither Python's worker nor the output.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { python, pythonLanguage } from '@codemirror/lang-python';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration, EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers,
} from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';

const setWrong = StateEffect.define();

/** The line that an error names; gone when the program changes. */
const wrongLine = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setWrong)) continue;
      const { doc } = transaction.state;
      const isThere = effect.value && effect.value <= doc.lines;
      return isThere ? Decoration.set(Decoration.line({ class: 'cm-wrong' }).range(doc.line(effect.value).from)) : Decoration.none;
    }
    return transaction.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export class Editor {
  /** Names by what stands before their dot: { fl: ['Sequential', ...] }. @type {Record<string, string[]>} */
  names = {};

  /** @param {HTMLElement} parent @param {{ onRun: () => void, onChange: () => void }} listening */
  constructor(parent, { onRun, onChange }) {
    const complete = (context) => {
      const found = context.matchBefore(/[\w.]*/);
      const [, before = '', start = ''] = /^(.*?)\.?(\w*)$/.exec(found?.text ?? '') ?? [];
      const names = this.names[before];
      if (!names || !found?.text.includes('.')) return null;
      return { from: context.pos - start.length, options: names.map((label) => ({ label })), validFor: /^\w*$/ };
    };
    this.view = new EditorView({
      parent,
      extensions: [
        lineNumbers(), highlightActiveLine(), highlightActiveLineGutter(), history(), drawSelection(), indentOnInput(),
        bracketMatching(), closeBrackets(), highlightSelectionMatches(), autocompletion(), indentUnit.of('    '),
        python(), pythonLanguage.data.of({ autocomplete: complete }), syntaxHighlighting(classHighlighter), wrongLine,
        // CodeMirror writes its styles into the page; the policy lets no other do so.
        EditorView.cspNonce.of('editor'), EditorState.tabSize.of(4),
        EditorView.contentAttributes.of({ 'aria-label': 'Program in Python. Escape, then Tab leaves the editor.' }),
        EditorView.updateListener.of((update) => { if (update.docChanged) onChange(); }),
        keymap.of([
          { key: 'Mod-Enter', run: () => (onRun(), true) },
          ...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, indentWithTab, ...defaultKeymap,
        ]),
      ],
    });
  }

  get text() { return this.view.state.doc.toString(); }

  set text(text) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text }, selection: { anchor: 0 }, scrollIntoView: true });
  }

  /** Marks a line, from 1, and shows it. @param {number | null} line */
  mark(line) {
    const { doc } = this.view.state;
    const effects = [setWrong.of(line)];
    if (line && line <= doc.lines) effects.push(EditorView.scrollIntoView(doc.line(line).from, { y: 'nearest', yMargin: 40 }));
    this.view.dispatch({ effects });
  }
}
