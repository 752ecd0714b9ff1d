"""Small files in the shape that each publisher documents, written for these tests; values are made up."""

from __future__ import annotations

import json

EM_2022 = (
    "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA),"
    "Low Carbon Percentage,Renewable Percentage,Data Source,Data Estimated,Data Estimation Method\n"
    "2022-01-01 00:00:00,Germany,Germany,DE,160.5,210.25,80.0,70.0,entsoe.eu,false,\n"
    "2022-01-01 01:00:00,Germany,Germany,DE,165.5,220.0,79.0,69.0,entsoe.eu,true,TIME_SLICER_AVERAGE\n"
    "2022-01-01 02:00:00,Germany,Germany,DE,170.5,,78.0,,entsoe.eu,false,\n"
)
EM_2025 = (
    "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO\\u2082eq/kWh (direct),"
    "Carbon intensity gCO\\u2082eq/kWh (Life cycle),Carbon-free energy percentage (CFE%),"
    "Renewable energy percentage (RE%),Data source,Data estimated,Data estimation method\n"
    "2022-01-01 03:00:00,Germany,Germany,DE-LU,172.5,230.0,77.0,68.0,entsoe.eu,false,\n"
    "2022-01-01 04:00:00,Germany,Germany,DE-LU,174.5,240.0,76.0,67.0,entsoe.eu,false,\n"
)
EIA_BULK = (
    "Balancing Authority,Data Date,Hour Number,Local Time at End of Hour,UTC Time at End of Hour,Demand (MW),"
    "Net Generation (MW),Net Generation (MW) from Coal,Net Generation (MW) from Natural Gas,"
    "Net Generation (MW) from Natural Gas (Imputed),Net Generation (MW) from Natural Gas (Adjusted),"
    "Net Generation (MW) from All Petroleum Products,Net Generation (MW) from Solar,Net Generation (MW) from Wind\n"
    'CISO,01/01/2022,1,01/01/2022 1:00:00 AM,01/01/2022 9:00:00 AM,"2,000","1,000",0,"9,999",,600,,-5,400\n'
    'CISO,01/01/2022,2,01/01/2022 2:00:00 AM,01/01/2022 10:00:00 AM,"2,000","1,000",100,"9,999",,500,,100,300\n'
    'CISO,01/01/2022,3,01/01/2022 3:00:00 AM,01/01/2022 11:00:00 AM,"2,000","1,000",100,"9,999",,,,100,300\n'
)


def eia_page(rows: list[tuple[str, str, object]], **changes: object) -> dict[str, object]:
    """A page of API v2: (period, fuel type, value)."""
    data = [
        {
            "period": period,
            "respondent": "CISO",
            "respondent-name": "California Independent System Operator",
            "fueltype": fuel,
            "type-name": fuel,
            "value": value,
            "value-units": "megawatthours",
        }
        | changes
        for period, fuel, value in rows
    ]
    return {
        "response": {"total": str(len(data)), "dateFormat": 'YYYY-MM-DD"T"HH24', "frequency": "hourly", "data": data}
    }


def _points(values: dict[int, object], name: str) -> str:
    return "".join(f"<Point><position>{p}</position><{name}>{v}</{name}></Point>\n" for p, v in values.items())


def entsoe_series(
    psr: str, values: dict[int, object], *, curve: str = "A03", step: str = "PT60M", end: str = "04"
) -> str:
    """A time series of generation from 2022-01-01T00Z."""
    return (
        "<TimeSeries><mRID>1</mRID><inBiddingZone_Domain.mRID codingScheme='A01'>10Y1001A1001A82H"
        "</inBiddingZone_Domain.mRID>\n<quantity_Measure_Unit.name>MAW</quantity_Measure_Unit.name>"
        f"<curveType>{curve}</curveType><MktPSRType><psrType>{psr}</psrType></MktPSRType>\n<Period><timeInterval>"
        f"<start>2022-01-01T00:00Z</start><end>2022-01-01T{end}:00Z</end></timeInterval>"
        f"<resolution>{step}</resolution>\n{_points(values, 'quantity')}</Period></TimeSeries>\n"
    )


def entsoe_document(series: str, kind: str = "A75") -> str:
    """A generation and load document."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<GL_MarketDocument '
        'xmlns="urn:iec62325.351:tc57wg16:451-6:generationloaddocument:3:0">\n'
        f"<type>{kind}</type><createdDateTime>2022-01-02T00:00:00Z</createdDateTime>\n{series}</GL_MarketDocument>\n"
    )


def entsoe_prices(values: dict[int, object], *, step: str = "PT60M", end: str = "02", start: str = "00") -> str:
    """A publication of day-ahead prices from 2022-01-01T00Z."""
    return (
        '<Publication_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:0"><type>A44</type>'
        "<createdDateTime>2021-12-31T13:00:00Z</createdDateTime><TimeSeries><mRID>1</mRID>"
        "<in_Domain.mRID>10YFR-RTE------C</in_Domain.mRID><currency_Unit.name>EUR</currency_Unit.name>"
        "<price_Measure_Unit.name>MWH</price_Measure_Unit.name><curveType>A01</curveType><Period><timeInterval>"
        f"<start>2022-01-01T{start}:00Z</start><end>2022-01-01T{end}:00Z</end></timeInterval>"
        f"<resolution>{step}</resolution>{_points(values, 'price.amount')}</Period></TimeSeries>"
        "</Publication_MarketDocument>"
    )


ENTSOE_ACKNOWLEDGEMENT = (
    '<Acknowledgement_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-1:acknowledgementdocument:7:0">'
    "<Reason><code>999</code><text>No matching data found for Data item</text></Reason>"
    "</Acknowledgement_MarketDocument>"
)
ENTSOE_CSV = (
    '"Area","MTU (UTC)","Biomass  - Actual Aggregated [MW]","Fossil Gas  - Actual Aggregated [MW]",'
    '"Hydro Pumped Storage  - Actual Aggregated [MW]","Hydro Pumped Storage  - Actual Consumption [MW]",'
    '"Marine  - Actual Aggregated [MW]","Wind Onshore  - Actual Aggregated [MW]"\n'
    '"BZN|FR","01.01.2022 00:00 - 01.01.2022 01:00","100","500","50","10","n/e","400"\n'
    '"BZN|FR","01.01.2022 01:00 - 01.01.2022 02:00","100","400","0","90","n/e","500"\n'
)
ENTSOE_PRICE_CSV = (
    '"MTU (UTC)","Day-ahead Price [EUR/MWh]","Currency","BZN|FR"\n'
    '"01.01.2022 00:00 - 01.01.2022 01:00","50.5","EUR",""\n"01.01.2022 01:00 - 01.01.2022 02:00","-3","EUR",""\n'
)


def casdk(rows: list[tuple[str, str, object]], duration: str | None = "01:00:00") -> str:
    """A data set of the Carbon Aware SDK: (location, time, rating)."""
    extra = {} if duration is None else {"Duration": duration}
    return json.dumps({"Emissions": [{"Location": a, "Time": t, "Rating": r} | extra for a, t, r in rows]}, indent=1)


def em_history(values: list[object], *, zone: str = "DE", hour: int = 0, **changes: object) -> dict[str, object]:
    """A reply of /carbon-intensity/past-range."""
    data = [
        {
            "zone": zone,
            "carbonIntensity": value,
            "datetime": f"2022-01-01T{hour + k:02d}:00:00.000Z",
            "updatedAt": "2022-01-03T00:00:00.000Z",
            "createdAt": "2021-12-29T00:00:00.000Z",
            "emissionFactorType": "lifecycle",
            "isEstimated": False,
            "estimationMethod": None,
        }
        | changes
        for k, value in enumerate(values)
    ]
    return {"zone": zone, "data": data}


def uk(values: list[tuple[object, object]], start_hour: int = 0) -> dict[str, object]:
    """A reply of /intensity/{from}/{to}: (forecast, actual)."""
    data = []
    for k, (forecast, actual) in enumerate(values):
        at = [divmod(start_hour * 60 + 30 * (k + i), 60) for i in (0, 1)]
        data.append(
            {
                "from": f"2022-01-01T{at[0][0]:02d}:{at[0][1]:02d}Z",
                "to": f"2022-01-01T{at[1][0]:02d}:{at[1][1]:02d}Z",
                "intensity": {"forecast": forecast, "actual": actual, "index": "moderate"},
            }
        )
    return {"data": data}


def watttime(values: list[object], signal: str = "co2_moer", **meta: object) -> dict[str, object]:
    """A reply of /v3/historical."""
    data = [
        {"point_time": f"2022-01-01T00:{5 * k:02d}:00+00:00", "value": v, "version": "2022"}
        for k, v in enumerate(values)
    ]
    return {
        "data": data,
        "meta": {
            "region": "CAISO_NORTH",
            "signal_type": signal,
            "model": {"date": "2022-10-01"},
            "units": "lbs_co2_per_mwh",
            "generated_at": "2022-01-01T00:00:00+00:00",
            "data_point_period_seconds": 300,
        }
        | meta,
    }


def open_meteo(
    values: list[object], name: str = "temperature_2m", unit: str = "°C", offset_s: int = 0
) -> dict[str, object]:
    """A reply of Open-Meteo."""
    return {
        "latitude": 50.1,
        "longitude": 8.6,
        "utc_offset_seconds": offset_s,
        "timezone": "GMT",
        "hourly_units": {"time": "iso8601", name: unit},
        "hourly": {"time": [f"2022-01-01T{k:02d}:00" for k in range(len(values))], name: values},
    }
