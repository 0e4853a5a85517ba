import { LANGUAGES, isLanguage, language, speak, t } from "../words/words";

/** The language of the page, switched in place. Each language is named in itself. */
export function LanguageChoice() {
  const choose = (event: Event): void => {
    const chosen = (event.target as HTMLSelectElement).value;
    if (isLanguage(chosen)) void speak(chosen);
  };
  return (
    <select class="language" aria-label={t("language")} value={language.value} onChange={choose}>
      {Object.entries(LANGUAGES).map(([code, name]) => (
        <option value={code} lang={code} key={code}>
          {name}
        </option>
      ))}
    </select>
  );
}
