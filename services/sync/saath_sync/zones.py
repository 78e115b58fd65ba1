"""
The time zone of countries in which one clock holds everywhere. Pure.

From tzdata 2026.6, by what its zones show in 2025 and 2026. Countries that share a dialling code and the
clock share a name here. Those with several clocks (US, BR, RU, …) are missing: who is meant nobody knows.
"""

from collections.abc import Collection, Mapping
from zoneinfo import ZoneInfo

# Written as ``zone: countries``.
_TABLE = """
Africa/Abidjan: CI  Africa/Accra: GH  Africa/Addis_Ababa: ET  Africa/Algiers: DZ  Africa/Asmara: ER
Africa/Bamako: ML  Africa/Bangui: CF  Africa/Banjul: GM  Africa/Bissau: GW  Africa/Blantyre: MW
Africa/Brazzaville: CG  Africa/Bujumbura: BI  Africa/Cairo: EG  Africa/Casablanca: EH MA  Africa/Conakry: GN
Africa/Dakar: SN  Africa/Dar_es_Salaam: TZ  Africa/Djibouti: DJ  Africa/Douala: CM  Africa/Freetown: SL
Africa/Gaborone: BW  Africa/Harare: ZW  Africa/Johannesburg: ZA  Africa/Juba: SS  Africa/Kampala: UG
Africa/Khartoum: SD  Africa/Kigali: RW  Africa/Lagos: NG  Africa/Libreville: GA  Africa/Lome: TG
Africa/Luanda: AO  Africa/Lusaka: ZM  Africa/Malabo: GQ  Africa/Maputo: MZ  Africa/Maseru: LS
Africa/Mbabane: SZ  Africa/Mogadishu: SO  Africa/Monrovia: LR  Africa/Nairobi: KE  Africa/Ndjamena: TD
Africa/Niamey: NE  Africa/Nouakchott: MR  Africa/Ouagadougou: BF  Africa/Porto-Novo: BJ  Africa/Sao_Tome: ST
Africa/Tripoli: LY  Africa/Tunis: TN  Africa/Windhoek: NA  America/Anguilla: AI  America/Antigua: AG
America/Argentina/Buenos_Aires: AR  America/Aruba: AW  America/Asuncion: PY  America/Barbados: BB
America/Belize: BZ  America/Bogota: CO  America/Caracas: VE  America/Cayenne: GF  America/Cayman: KY
America/Costa_Rica: CR  America/Curacao: BQ CW  America/Dominica: DM  America/El_Salvador: SV
America/Grand_Turk: TC  America/Grenada: GD  America/Guadeloupe: BL GP MF  America/Guatemala: GT
America/Guyana: GY  America/Havana: CU  America/Jamaica: JM  America/La_Paz: BO  America/Lima: PE
America/Lower_Princes: SX  America/Managua: NI  America/Martinique: MQ  America/Miquelon: PM
America/Montevideo: UY  America/Montserrat: MS  America/Nassau: BS  America/Panama: PA
America/Paramaribo: SR  America/Port-au-Prince: HT  America/Port_of_Spain: TT  America/Puerto_Rico: PR
America/Santo_Domingo: DO  America/St_Kitts: KN  America/St_Lucia: LC  America/St_Thomas: VI
America/St_Vincent: VC  America/Tegucigalpa: HN  America/Tortola: VG  Asia/Aden: YE  Asia/Almaty: KZ
Asia/Amman: JO  Asia/Ashgabat: TM  Asia/Baghdad: IQ  Asia/Bahrain: BH  Asia/Baku: AZ  Asia/Bangkok: TH
Asia/Beirut: LB  Asia/Bishkek: KG  Asia/Brunei: BN  Asia/Colombo: LK  Asia/Damascus: SY  Asia/Dhaka: BD
Asia/Dili: TL  Asia/Dubai: AE  Asia/Dushanbe: TJ  Asia/Gaza: PS  Asia/Ho_Chi_Minh: VN  Asia/Hong_Kong: HK
Asia/Jerusalem: IL  Asia/Kabul: AF  Asia/Karachi: PK  Asia/Kathmandu: NP  Asia/Kolkata: IN
Asia/Kuala_Lumpur: MY  Asia/Kuwait: KW  Asia/Macau: MO  Asia/Manila: PH  Asia/Muscat: OM  Asia/Nicosia: CY
Asia/Phnom_Penh: KH  Asia/Pyongyang: KP  Asia/Qatar: QA  Asia/Riyadh: SA  Asia/Samarkand: UZ  Asia/Seoul: KR
Asia/Singapore: SG  Asia/Taipei: TW  Asia/Tbilisi: GE  Asia/Tehran: IR  Asia/Thimphu: BT  Asia/Tokyo: JP
Asia/Vientiane: LA  Asia/Yangon: MM  Asia/Yerevan: AM  Atlantic/Bermuda: BM  Atlantic/Cape_Verde: CV
Atlantic/Faroe: FO  Atlantic/Reykjavik: IS  Atlantic/St_Helena: AC SH  Atlantic/Stanley: FK
Europe/Amsterdam: NL  Europe/Andorra: AD  Europe/Athens: GR  Europe/Belgrade: RS XK  Europe/Berlin: DE
Europe/Bratislava: SK  Europe/Brussels: BE  Europe/Bucharest: RO  Europe/Budapest: HU  Europe/Chisinau: MD
Europe/Copenhagen: DK  Europe/Dublin: IE  Europe/Gibraltar: GI  Europe/Helsinki: AX FI  Europe/Istanbul: TR
Europe/Ljubljana: SI  Europe/London: GB GG IM JE  Europe/Luxembourg: LU  Europe/Malta: MT  Europe/Minsk: BY
Europe/Monaco: MC  Europe/Oslo: NO SJ  Europe/Paris: FR  Europe/Podgorica: ME  Europe/Prague: CZ
Europe/Riga: LV  Europe/Rome: IT VA  Europe/San_Marino: SM  Europe/Sarajevo: BA  Europe/Skopje: MK
Europe/Sofia: BG  Europe/Stockholm: SE  Europe/Tallinn: EE  Europe/Tirane: AL  Europe/Vaduz: LI
Europe/Vienna: AT  Europe/Vilnius: LT  Europe/Warsaw: PL  Europe/Zagreb: HR  Europe/Zurich: CH
Indian/Antananarivo: MG  Indian/Chagos: IO  Indian/Christmas: CX  Indian/Cocos: CC  Indian/Comoro: KM
Indian/Mahe: SC  Indian/Maldives: MV  Indian/Mauritius: MU  Indian/Mayotte: YT  Indian/Reunion: RE
Pacific/Apia: WS  Pacific/Efate: VU  Pacific/Fakaofo: TK  Pacific/Fiji: FJ  Pacific/Funafuti: TV
Pacific/Guadalcanal: SB  Pacific/Guam: GU  Pacific/Majuro: MH  Pacific/Nauru: NR  Pacific/Niue: NU
Pacific/Norfolk: NF  Pacific/Noumea: NC  Pacific/Pago_Pago: AS  Pacific/Palau: PW  Pacific/Rarotonga: CK
Pacific/Saipan: MP  Pacific/Tongatapu: TO  Pacific/Wallis: WF
"""


def _table() -> Mapping[str, str]:
    found: dict[str, str] = {}
    zone = ""
    for word in _TABLE.split():
        if word.endswith(":"):
            zone = word.removesuffix(":")
        else:
            found[word] = zone
    return found


ZONES = _table()


def checked(name: str) -> str:
    """
    *name*, if there is such a time zone.

    Raises:
        ValueError: there is none.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("there is no such time zone; say one such as Asia/Kolkata") from None
    return name


def zone_of(countries: Collection[str]) -> str | None:
    """The one time zone of all *countries*, by ISO 3166; ``None`` where they are none, or have several."""
    zones = {ZONES.get(country) for country in countries}
    return zones.pop() if len(zones) == 1 else None
