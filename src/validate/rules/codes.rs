//! Country and currency codes: ISO 3166-1 and ISO 4217, as tables to look up in.
//!
//! A crate would bring names, numbers and subdivisions that nothing here needs.

use std::sync::LazyLock;

/// Alpha-2 and alpha-3 of every country, joined: `DEDEU`.
const COUNTRIES: &str = "\
    ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH \
    BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT \
    BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB \
    CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP \
    ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB \
    GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL \
    ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM \
    KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY \
    MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT \
    MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU \
    NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT \
    REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR \
    SNSEN SOSOM SRSUR SSSSD STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS \
    TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN \
    VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE";

/// Currencies in use, and those withdrawn since 2020 that older orders still carry.
const CURRENCIES: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN \
    BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD \
    FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS \
    KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN \
    MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR \
    SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD \
    USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT \
    XSU XTS XUA XXX YER ZAR ZMW ZWG ZWL";

/// A bit for each alpha-2 code: by its first letter, then by its second.
#[allow(clippy::indexing_slicing, reason = "worked out when this is compiled")]
const ALPHA2: [u32; 26] = {
    let (table, mut bits, mut at) = (COUNTRIES.as_bytes(), [0; 26], 0);
    while at < table.len() {
        bits[(table[at] - b'A') as usize] |= 1 << (table[at + 1] - b'A');
        // Two letters, three letters, a space.
        at += 6;
    }
    bits
};

/// The currencies as a list, which is sorted.
static CURRENCY_LIST: LazyLock<Vec<&str>> = LazyLock::new(|| CURRENCIES.split(' ').collect());

/// Whether the text is an alpha-2 country code, in capitals.
pub(in crate::validate) fn is_country(code: &str) -> bool {
    let [first, second] = *code.as_bytes() else { return false };
    let seconds = ALPHA2.get(usize::from(first.wrapping_sub(b'A'))).copied().unwrap_or_default();
    second.is_ascii_uppercase() && seconds >> (second - b'A') & 1 == 1
}

/// The alpha-2 code that was meant: by a code in lower case, an alpha-3 code, or `UK`.
pub(super) fn country_meant(code: &str) -> Option<&'static str> {
    let code = code.trim().to_ascii_uppercase();
    let code = if code == "UK" { "GB" } else { code.as_str() };
    COUNTRIES
        .split(' ')
        .filter_map(|pair| pair.split_at_checked(2))
        .find(|(alpha2, alpha3)| code == *alpha2 || code == *alpha3)
        .map(|(alpha2, _)| alpha2)
}

/// Whether the text is a currency code, in capitals.
pub(in crate::validate) fn is_currency(code: &str) -> bool {
    CURRENCY_LIST.binary_search(&code).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_complete_sorted_and_well_formed() {
        let countries: Vec<_> = COUNTRIES.split(' ').collect();
        assert_eq!(countries.len(), 249);
        assert!(countries.is_sorted() && countries.iter().all(|pair| pair.len() == 5));
        let currencies: Vec<_> = CURRENCIES.split(' ').collect();
        assert!(currencies.len() > 170);
        assert!(currencies.is_sorted() && currencies.iter().all(|code| code.len() == 3));
    }

    #[test]
    fn codes_are_found_and_near_misses_put_right() {
        assert!(is_country("DE") && !is_country("de") && !is_country("XX") && !is_country("D"));
        assert_eq!(country_meant("deu"), Some("DE"));
        assert_eq!(country_meant("us"), Some("US"));
        assert_eq!(country_meant("UK"), Some("GB"));
        assert_eq!(country_meant("Germany"), None);
        assert!(is_currency("EUR") && is_currency("XCG") && !is_currency("eur") && !is_currency("BTC"));
    }
}
