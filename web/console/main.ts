import { LitElement, html } from 'lit';
class C extends LitElement { override createRenderRoot() { return this; } override render() { return html`<h1>Kith</h1>`; } }
customElements.define('kith-console', C);
