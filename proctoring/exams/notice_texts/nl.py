"""The notice in Dutch."""

from proctoring.exams.notice_texts.texts import Texts

NL = Texts(
    title="Wat wordt opgenomen, en waarom",
    lede="U legt “{exam}” thuis af. Om zeker te zijn dat u het zelf en zonder hulp doet, nemen wij van begin "
    "tot einde het volgende op. Er wordt nu nog niets opgenomen.",
    what="Wat",
    things={
        "webcam": ("Webcam", "beeld en geluid van u en de kamer"),
        "phone": ("Telefoon of tablet", "beeld en geluid van opzij; een app is niet nodig"),
        "screen": ("Scherm", "alles wat op uw hele scherm staat"),
        "identity": ("Identiteitskaart", "een foto; u dekt het rijksregisternummer af"),
        "activity": (
            "Activiteit",
            "websites, programma’s en adressen die u gebruikt; wanneer u de examenpagina verlaat of iets "
            "plakt, nooit wat u plakt; wanneer een camera of microfoon uitvalt, of de klok van de computer "
            "wordt verzet",
        ),
        "answers": ("Uw antwoorden", "wat u op elke vraag antwoordt, en wanneer"),
        "signals": (
            "Kleine beelden en metingen",
            "om de paar seconden gemaakt uit de opname: of het beeld donker, leeg of stil is, hoeveel "
            "ervan verandert, hoeveel gezichten erop staan, hoe luid het is. Uw gezicht wordt niet herkend "
            "en er wordt geen emotie gemeten. Een meting beslist niets: ze toont een mens waar te kijken",
        ),
    },
    what_source="Alles komt van uw eigen toestellen.",
    why="Waarom",
    why_purpose="Om na te gaan of de examenregels worden gevolgd.",
    why_ground="De rechtsgrond is {ground}. Uw toestemming is niet de grond; u hoeft niets aan te vinken.",
    grounds={
        "contract": "de overeenkomst met u (AVG artikel 6.1 b)",
        "legal-obligation": "een wettelijke verplichting (AVG artikel 6.1 c)",
        "public-task": "een taak van algemeen belang (AVG artikel 6.1 e)",
        "legitimate-interest": "een gerechtvaardigd belang: eerlijke examens (AVG artikel 6.1 f)",
    },
    why_people="Geen machine beoordeelt u en niemand krijgt een score. Een mens bekijkt de opname, en twee "
    "mensen moeten het eens zijn voordat iets tegen u telt.",
    who="Wie ziet het",
    who_staff="De surveillanten die het examen nakijken.",
    who_committee="De beroepscommissie, alleen als u beroep instelt.",
    who_written_down="Elke keer dat iemand kijkt, wordt dat genoteerd voordat het beeld verschijnt. U kunt "
    "lezen in welke rol iemand keek, en wanneer.",
    who_outside="Niemand anders, tenzij u ermee instemt of een overheid er volgens de wet recht op heeft. "
    "Niets verlaat de Europese Economische Ruimte.",
    who_sealed="Alles wordt versleuteld voordat het wordt opgeslagen, met sleutels die alleen voor uw sessie "
    "zijn gemaakt.",
    until="Tot wanneer",
    until_results="De opname wordt gewist wanneer u geen bezwaar meer kunt maken: {days} na de bekendmaking "
    "van de resultaten, aan het einde van die dag (tijd in {city}).",
    until_results_day="De opname wordt gewist aan het einde van de dag waarop de resultaten bekend worden "
    "gemaakt (tijd in {city}).",
    until_no_results="Zijn er geen resultaten, dan wordt ze {days} na het examen gewist.",
    until_exam="De opname wordt gewist wanneer u geen bezwaar meer kunt maken: {days} na het examen, aan het "
    "einde van die dag (tijd in {city}).",
    until_exam_day="De opname wordt gewist aan het einde van de dag van het examen (tijd in {city}).",
    until_longer="Ze blijft alleen langer bewaard als een mens beslist dat er een incident was, als u beroep "
    "instelt of als de wet het vraagt. Dan blijft ze bewaard zolang die procedure het nodig heeft. Uw eigen "
    "pagina zegt u dat.",
    until_identity="De foto van uw identiteitskaart wordt alleen gezien door de surveillant die uw examen "
    "nakijkt, en door de beroepscommissie als u beroep instelt. Ze wordt gewist op het "
    "einde van de dag waarop die surveillant bevestigt dat u het bent, en uiterlijk samen "
    "met de opname.",
    until_words="Wat mensen over uw examen schrijven (berichten, notities, redenen) wordt samen met de "
    "opname gewist. Is er een incident vastgesteld of hebt u beroep ingesteld, dan blijft het "
    "even lang als het examendossier.",
    until_record="Los daarvan wordt het examendossier (uw referentie, welk examen, wanneer, en wat er "
    "beslist is) {years} jaar bewaard, omdat de wet dat vraagt. Daar zit geen beeld en geen "
    "geluid in.",
    instead="Liever niet opgenomen worden?",
    instead_in_person="U kunt dit examen ook ter plaatse afleggen. Vraag het voordat u begint.",
    instead_ask="Vragen om het examen ter plaatse af te leggen",
    rights="Uw rechten, contact en klachten",
    rights_list="U kunt vragen om uw gegevens in te zien, te laten verbeteren of wissen, het gebruik ervan "
    "te laten beperken of ze mee te nemen, en u kunt bezwaar maken.",
    rights_how="Schrijf ons. Wij gaan na wie u bent en antwoorden binnen één maand. Is dat niet genoeg, dan "
    "zeggen wij u binnen die maand waarom; het kan dan nog twee maanden langer duren.",
    rights_responsible="Verantwoordelijk voor uw gegevens: {controller}.",
    rights_complaint="U kunt een klacht indienen bij de gegevensbeschermingsautoriteit: {authority}.",
    ruler_exam="examen",
    ruler_results="resultaten",
    ruler_erased="gewist",
    day="dag",
    more_days="dagen",
)
