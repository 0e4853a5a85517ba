import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./styles/ground.css";
import "./styles/parts.css";
import "./styles/screens.css";
import "./styles/treat.css";
import { App } from "./app";
import { preferredLanguage, speak } from "./words/words";

await speak(preferredLanguage()).catch(() => undefined);
render(<App />, document.getElementById("page") as HTMLElement);
