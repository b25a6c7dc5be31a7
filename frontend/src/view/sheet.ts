// Style sheets of a shadow root.

const sheets = new Map<string, CSSStyleSheet>();

/** A constructed sheet is shared by all elements and passes a page's `style-src` policy; old browsers get a tag. */
export function applySheet(root: ShadowRoot, css: string): void {
  if ('adoptedStyleSheets' in root && 'replaceSync' in CSSStyleSheet.prototype) {
    let sheet = sheets.get(css);
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      sheets.set(css, sheet);
    }
    if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    return;
  }
  if ([...root.children].some((child) => child.localName === 'style' && child.textContent === css)) return;
  const style = document.createElement('style');
  style.textContent = css;
  root.append(style);
}
