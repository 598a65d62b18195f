using ScottPlot;
using SkiaSharp;

namespace MailBench.Reports.Fonts;

/// <summary>
/// The report's own typeface (Roboto, OFL; its licence lies beside it), embedded so that plots and pages render on a machine without any font installed.
/// </summary>
internal sealed class EmbeddedFonts : IFontResolver
{
    public const string Family = "MailBench Sans";
    private static readonly Lazy<SKTypeface> Regular = new(() => Load("roboto-400.woff"));
    private static readonly Lazy<SKTypeface> Bold = new(() => Load("roboto-700.woff"));
    private static readonly Lock Gate = new();
    private static bool _registered;

    /// <summary>Makes the typeface ScottPlot's default; once per process.</summary>
    public static void Register()
    {
        lock (Gate)
        {
            if (_registered) return;
            ScottPlot.Fonts.FontResolvers.Insert(0, new EmbeddedFonts());
            ScottPlot.Fonts.Default = Family;
            ScottPlot.Fonts.Sans = Family;
            _registered = true;
        }
    }

    /// <summary>A CSS <c>@font-face</c> pair with the fonts inside.</summary>
    public static string FontFaceCss => $"{Face("roboto-400.woff", 400)}\n{Face("roboto-700.woff", 700)}";

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
        CreateTypeface(fontName, bold ? FontWeight.Bold : FontWeight.Normal, italic ? FontSlant.Italic : FontSlant.Upright, FontSpacing.Normal);

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        fontName != Family ? null : weight >= FontWeight.SemiBold ? Bold.Value : Regular.Value;

    private static string Face(string resource, int weight) =>
        $"@font-face{{font-family:'{Family}';font-weight:{weight};src:url(data:font/woff;base64,{Convert.ToBase64String(Resources.Bytes(resource))}) format('woff')}}";

    private static SKTypeface Load(string resource)
    {
        using var data = SKData.CreateCopy(Resources.Bytes(resource));
        return SKTypeface.FromData(data) ?? throw new InvalidOperationException($"The embedded font {resource} cannot be read by this build of Skia.");
    }
}
