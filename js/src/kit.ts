// The kit: everything a page needs to show widgets. One bundle, brought to a page once by a kernel's relay.
//
// A page without Jupyter imports it as it is: it finds the parts below among its exports.

import { joinRelay } from "./connection/index.ts";
import type { AnyWidget, InitializeProps } from "./lib/afm.ts";
import { BUILD } from "./lib/build.ts";
import { kindOf, kindOfSpec } from "./lib/kinds.ts";
import { kitSlot } from "./lib/kit_slot.ts";
import { adoptStyles } from "./lib/styles.ts";

declare const RTW_STYLES: string;
/** The text of kit.css. The build puts it in wherever its name stands: here, and nowhere else. */
const STYLES = RTW_STYLES;

/** The front end of one model, of the kind that its spec names, dressed. */
function widget(): AnyWidget {
  let made: AnyWidget | null = null;
  const of = ({ model }: InitializeProps): AnyWidget => (made ??= kindOfSpec(model.get("spec"))());
  return {
    initialize: (props) => of(props).initialize(props),
    render: (props) => {
      adoptStyles(props.el, STYLES);
      return of(props).render(props);
    },
  };
}

/** Take in a relay's model; what it brings may show something before there is a widget. */
function join(props: InitializeProps): () => void {
  adoptStyles(document.documentElement, STYLES);
  return joinRelay(props);
}

kitSlot(BUILD).put({ widget, joinRelay: join });

export { BUILD, kindOf, widget };
